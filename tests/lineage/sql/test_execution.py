"""What the analysis says about columns, against SQLite: a column that isn't named as a source has no influence.

The analysis doesn't know the tables' columns, SQLite does. Where all conditions are known, every column of the tables
that is neither a source of an output column nor an influence is filled with other values: the output stays the same.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from itertools import count
from random import Random

import pytest

from dagport_lineage.extract.sql import sql_found
from dagport_lineage.extract.sql.masking import ways
from dagport_lineage.extract.sql.names import Names
from dagport_lineage.extract.sql.parsing import Problem, read_statements
from dagport_lineage.extract.sql.relations import Relation
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from tests.lineage.sql.random_queries import TABLES, Queries

SEEDS = 600
ROWS = 7
MOST_STEPS = 2_000  # thousands of SQLite's instructions: some random queries join everything with everything
TOO_MUCH = "interrupted"
DATABASE = Database(namespace="sqlite://", dialect="sqlite", defaults=(), folding="none")


def bound(text: str) -> Relation:
    masked = ways(text)
    assert not isinstance(masked, Unresolved)
    running = Running(Names(database=DATABASE, masked=masked[0]), None, "both")
    (statement,) = read_statements(masked[0], "sqlite")
    assert not isinstance(statement.tree, Problem), statement.tree
    return running.binder.query(statement.tree, None, {})


def filled(random: Random) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    steps = count(1)
    connection.set_progress_handler(lambda: next(steps) > MOST_STEPS, 1000)
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        rows = [[random.randint(0, 4) for _ in columns] for _ in range(ROWS)]
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
    return connection


def runs(text: str) -> bool:
    """Whether SQLite takes a query: some random ones have a name with two meanings."""
    connection = filled(Random(0))
    try:
        connection.execute(text).fetchall()
    except sqlite3.OperationalError as error:
        why = str(error)
    else:
        why = ""
    assert not why or "ambiguous" in why or "to its right" in why or why == TOO_MUCH, text
    return not why


def column_values(connection: sqlite3.Connection, text: str, number: int) -> Counter[object]:
    return Counter(row[number] for row in connection.execute(text))


def shaken(seed: int, known: set[tuple[str, str]]) -> sqlite3.Connection:
    """The tables, with other values in all columns but the given ones."""
    connection, random = filled(Random(seed)), Random(seed + 1)
    for table, columns in TABLES.items():
        others = [column for column in columns if (table, column) not in known]
        for row in range(1, ROWS + 1):
            for column in others:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (random.randint(0, 9), row))
    return connection


def check(seed: int) -> tuple[int, int]:
    """Compare one query; how many output columns it has, and how many of them were checked."""
    random = Random(seed)
    text, names = Queries(random).whole()
    relation = bound(text)
    if not runs(text):
        return 0, 0
    if relation.closed:
        assert len(relation.columns) == len(names), text
    if not relation.certain:
        return len(names), 0
    checked = 0
    for number, column in enumerate(relation.positions()):
        if column.origins is None:
            continue
        checked += 1
        if column.name is not None:
            assert column.name == names[number], text
        known = {(origin.dataset.name, origin.column) for origin in column.origins | relation.influences}
        before = column_values(filled(Random(seed)), text, number)
        assert column_values(shaken(seed, known), text, number) == before, (number, text)
    return len(names), checked


@pytest.mark.parametrize("part", range(4))
def test_columns_that_are_not_named_have_no_influence(part: int) -> None:
    columns = checked = 0
    for seed in range(part, SEEDS, 4):
        some, sure = check(seed)
        columns, checked = columns + some, checked + sure
    assert checked > columns * 0.2  # else the test says little


def after(statements: list[str], connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]] | None:
    """What stands in the tables that a script made; ``None`` where SQLite doesn't take it."""
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        why = str(error)
    else:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'made%'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    assert "ambiguous" in why or "to its right" in why or why == TOO_MUCH, (why, statements)
    return None


def involved(result: Found, table: str, column: str) -> set[tuple[str, str]] | None:
    """The columns of the first tables that a column comes from; ``None`` where the analysis doesn't say."""
    writes = {write.dataset.name: write for write in result.writes}
    todo, done = [(table, column)], set()
    while todo:
        item = todo.pop()
        if item in done:
            continue
        done.add(item)
        name, part = item
        if name not in writes:
            continue
        if part not in writes[name].columns:
            return None
        found = [*writes[name].columns[part], *writes[name].influences]
        for source in writes[name].sources or ():  # how many rows there are also depends on how many there were before
            found += writes[source.name].influences if source.name in writes else ()
        todo += [(source.dataset.name, source.column) for source in found]
    return {item for item in done if item[0] in TABLES}


def check_script(seed: int) -> tuple[int, int]:
    random = Random(seed)
    statements = Queries(random, qualified=True).script()
    result = sql_found("; ".join(statements), DATABASE, None)
    assert not result.gaps, (result.gaps, statements)
    before = after(statements, filled(Random(seed)))
    if before is None:
        return 0, 0
    assert set(before) == {write.dataset.name for write in result.writes}, statements
    columns = checked = 0
    for write in result.writes:
        for number, item in enumerate(write.schema):
            columns += 1
            known = involved(result, write.dataset.name, item.name)
            if known is None:
                continue
            checked += 1
            now = after(statements, shaken(seed, known))
            if now is None:  # with other values the joins grow
                continue
            same = Counter(row[number] for row in before[write.dataset.name])
            changed = Counter(row[number] for row in now[write.dataset.name])
            assert changed == same, (write.dataset.name, item.name, statements)
    return columns, checked


@pytest.mark.parametrize("part", range(4))
def test_scripts(part: int) -> None:
    columns = checked = 0
    for seed in range(part, SEEDS // 3, 4):
        some, sure = check_script(seed)
        columns, checked = columns + some, checked + sure
    assert checked > columns * 0.5
