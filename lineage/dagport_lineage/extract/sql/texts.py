"""A text of SQL: its statements in the ways that its templates may render, one after the other."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import Place
from dagport_lineage.extract.sql.binding import TooMuchError
from dagport_lineage.extract.sql.choices import agreed
from dagport_lineage.extract.sql.masking import Masked, ways
from dagport_lineage.extract.sql.names import Names
from dagport_lineage.extract.sql.parsing import known_dialect, read_statements
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.model import Found, Gap, Side, Sql, Unresolved
from dagport_lineage.naming.database import Database

# What a syntax tree raises that isn't of the form that the parser documents.
FORMS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
LONGEST = 200_000  # characters of a text that is read


def found_in(query: str, database: Database, place: Place | None, default_side: Side) -> Found:
    """See ``sql_found``."""
    sql = (Sql(query=query, dialect=database.dialect),)
    database = replace(database, dialect=known_dialect(database.dialect))
    if len(query) > LONGEST:
        return Found(gaps=(_gap(f"the SQL is longer than {LONGEST} characters", place, default_side),), sql=sql)
    found = ways(query)
    if isinstance(found, Unresolved):
        return Found(gaps=(_gap(f"the SQL isn't known: {found.message}", place, default_side),), sql=sql)
    results = [_one_way(masked, database, place, default_side) for masked in found]
    result = agreed(results, found, place) if len(results) > 1 else results[0]
    return Found(reads=result.reads, writes=result.writes, gaps=result.gaps, sql=sql)


def _gap(message: str, place: Place | None, side: Side) -> Gap:
    return Gap(side=side, reason="sql", message=message, place=place)


def _one_way(masked: Masked, database: Database, place: Place | None, default_side: Side) -> Found:
    from dagport_lineage.extract.sql.scratch import scratch_tables

    running = Running(Names(database=database, masked=masked), place, default_side)
    for loop in masked.loops:
        running.gap(default_side, "template", f"the tables that `{loop}` names are known in a run only")
    read = read_statements(masked, database.dialect)
    running.variables = len(read) > 1
    running.scratch = scratch_tables(read, running.names)
    for statement in read:
        try:
            running.run(statement)
        except RecursionError:
            running.gap(default_side, "sql", "the SQL can't be read: a statement is nested too deep")
        except FORMS:
            running.gap(default_side, "sql", "the SQL can't be read: a statement has a form that isn't followed")
        except TooMuchError:
            running.gap(default_side, "sql", "the SQL can't be read: it takes too many steps to follow")
            break
    return running.found()
