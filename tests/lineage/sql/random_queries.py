"""Random queries over three tables, all valid in SQLite, that name columns in every way that SQL has."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

TABLES = {"t0": ("a", "b", "c"), "t1": ("a", "d", "e"), "t2": ("b", "f", "g"), "t3": ("h", "i", "j")}


@dataclass
class Item:
    """A source in FROM."""

    alias: str
    columns: tuple[str, ...]


@dataclass
class Names:
    """The sources of a query and of those around it."""

    items: list[Item]
    outer: Names | None = None

    def all(self) -> list[Item]:
        return [*self.items, *(self.outer.all() if self.outer else [])]


@dataclass
class Queries:
    """Makes queries from a seed."""

    random: Random
    tables: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(TABLES))
    qualified: bool = False  # no column is named without its table: all can be told
    ctes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    count: int = 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def script(self) -> list[str]:
        """Statements that make tables, fill and change them."""
        made: list[str] = []
        statements = []
        for _ in range(self.random.randint(1, 3)):
            text, columns = self.whole()
            name = self.fresh("made")
            temporary = "TEMP " if self.chance(0.4) else ""
            clean = tuple(self.fresh("m") for _ in columns)
            outer = ", ".join(f"q.{old} AS {new}" for old, new in zip(self.renamed(columns), clean, strict=True))
            statements.append(
                f"CREATE {temporary}TABLE {name} AS SELECT {outer} FROM ({self.aliased(text, columns)}) q"
            )
            self.tables[name] = clean
            made.append(name)
            statements += [self.change(name) for _ in range(self.random.randint(0, 2))]
        return statements

    def renamed(self, columns: tuple[str, ...]) -> list[str]:
        return [f"n{number}" for number, _ in enumerate(columns)]

    def aliased(self, text: str, columns: tuple[str, ...]) -> str:
        """The query, its columns under names that are all different."""
        return f"WITH z ({', '.join(self.renamed(columns))}) AS ({text}) SELECT * FROM z"

    def change(self, table: str) -> str:
        names = Names([Item(table, self.tables[table])])
        kind = self.random.randint(0, 3)
        column = self.random.choice(self.tables[table])
        if kind == 0:
            text, _ = self.query(2, width=1)
            return f"INSERT INTO {table} ({column}) {text}"
        if kind == 1:
            return f"DELETE FROM {table} WHERE {self.condition(names, 2)}"
        if kind == 2:
            return (
                f"UPDATE {table} SET {column} = {self.value(names, 2, window=False)} WHERE {self.condition(names, 2)}"
            )
        source, item = self.source(1)
        if item.alias == table:
            return f"UPDATE {table} SET {column} = 1"
        both = Names([*names.items, item])
        # more than one row may match: which one is taken doesn't matter for a sum of them
        return f"DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {source} WHERE {self.comparison(both)})"

    def whole(self) -> tuple[str, tuple[str, ...]]:
        """A query, perhaps with common table expressions."""
        self.ctes = {}
        clauses = []
        for _ in range(self.random.choice((0, 0, 1, 2))):
            text, columns = self.query(2)
            name = self.fresh("w")
            if self.chance(0.3):
                renamed = tuple(self.fresh("r") for _ in columns)
                clauses.append(f"{name} ({', '.join(renamed)}) AS ({text})")
                columns = renamed
            else:
                clauses.append(f"{name} AS ({text})")
            self.ctes[name] = columns
        text, columns = self.query(3)
        self.ctes = {}
        return (f"WITH {', '.join(clauses)} {text}" if clauses else text), columns

    def query(self, depth: int, outer: Names | None = None, width: int | None = None) -> tuple[str, tuple[str, ...]]:
        if depth > 1 and outer is None and self.chance(0.2):
            count = width or self.random.randint(1, 3)
            one, columns = self.select(depth - 1, outer, count)
            other, _ = self.select(depth - 1, outer, count)
            operator = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
            return f"{one} {operator} {other}", columns
        return self.select(depth, outer, width)

    def select(self, depth: int, outer: Names | None, width: int | None) -> tuple[str, tuple[str, ...]]:
        clause, names = self.sources(depth, outer)
        if width is None and outer is None and not self.qualified and self.chance(0.12):
            return self.star(clause, names)
        grouped = self.chance(0.25)
        keys = [self.column(names, own=True) for _ in range(self.random.randint(0, 2))] if grouped else []
        items: list[str] = []
        columns: list[str] = []
        for _ in range(width or self.random.randint(1, 3)):
            text = self.grouped_value(keys, names) if grouped else self.value(names, depth)
            alias = self.alias(text, columns)
            items.append(f"{text} AS {alias}" if alias else text)
            columns.append(alias or text)
        distinct = "DISTINCT " if self.chance(0.1) else ""
        query = f"SELECT {distinct}{', '.join(items)} FROM {clause}"
        if self.chance(0.5):
            query += f" WHERE {self.condition(names, depth)}"
            if self.chance(0.2) and not grouped and "OVER" not in query and not self.qualified:
                query += f" AND {self.random.choice(columns)} < {self.random.randint(1, 6)}"  # perhaps an alias
        if keys:
            query += f" GROUP BY {', '.join(keys)}"
        if grouped and self.chance(0.3):
            query += f" HAVING {self.grouped_value(keys, names)} > {self.random.randint(0, 3)}"
        return query, tuple(columns)

    def alias(self, text: str, taken: list[str]) -> str | None:
        """A new name, or one that a table's column has, too; none where the item has one that isn't taken."""
        if not self.qualified and self.chance(0.15):
            name = self.random.choice("abcdefghij")
            if name not in taken:
                return name
        if "." in text or not text.isidentifier() or text in taken or self.chance(0.5):
            return self.fresh("k")
        return None

    def star(self, clause: str, names: Names) -> tuple[str, tuple[str, ...]]:
        item = self.random.choice(names.items)
        if len(names.items) == 1:
            return f"SELECT * FROM {clause}", item.columns
        return f"SELECT {item.alias}.* FROM {clause}", item.columns

    def sources(self, depth: int, outer: Names | None) -> tuple[str, Names]:
        names = Names([], outer)
        text = ""
        for number in range(self.random.choice((1, 1, 2, 2, 3))):
            source, item = self.source(depth)
            if any(item.alias == other.alias for other in names.all()):
                source = f"{item.alias} AS {self.fresh('y')}"
                item = Item(source.rpartition(" ")[2], item.columns)
            names.items.append(item)
            if not number or not text:
                text = source
            elif self.chance(0.3):
                text += f", {source}"
            else:
                kind = self.random.choice(("JOIN", "LEFT JOIN"))
                shared = [name for name in item.columns if sum(name in one.columns for one in names.items[:-1]) == 1]
                if shared and not self.qualified and self.chance(0.25) and "USING" not in text:
                    text += f" {kind} {source} USING ({shared[0]})"
                else:
                    text += f" {kind} {source} ON {self.comparison(names)}"
        return text, names

    def source(self, depth: int) -> tuple[str, Item]:
        if self.ctes and self.chance(0.3):
            name = self.random.choice(sorted(self.ctes))
            return name, Item(name, self.ctes[name])
        if depth > 1 and self.chance(0.25):
            text, columns = self.query(depth - 1)
            alias = self.fresh("s")
            return f"({text}) AS {alias}", Item(alias, columns)
        name = self.random.choice(sorted(self.tables))
        if self.chance(0.5):
            alias = self.fresh("x")
            return f"{name} AS {alias}", Item(alias, self.tables[name])
        return name, Item(name, self.tables[name])

    def column(self, names: Names, *, own: bool = False) -> str:
        """A column by its name alone where that has one meaning, or with its table's."""
        level: Names = names
        while not own and level.outer is not None and self.chance(0.3):
            level = level.outer
        item = self.random.choice(level.items)
        name = self.random.choice(item.columns)
        inner: Names | None = names
        while inner is not None and inner is not level:
            if any(name in other.columns for other in inner.items):
                return f"{item.alias}.{name}"
            inner = inner.outer
        alone = sum(other.columns.count(name) for other in level.items) == 1
        return name if alone and not self.qualified and self.chance(0.6) else f"{item.alias}.{name}"

    def comparison(self, names: Names) -> str:
        return f"{self.column(names)} {self.random.choice(('=', '<', '>='))} {self.column(names)}"

    def condition(self, names: Names, depth: int) -> str:
        kind = self.random.randint(0, 5)
        if kind == 0 and depth > 1:
            return f"{self.column(names)} IN ({self.query(1, names, 1)[0]})"
        if kind == 1 and depth > 1:
            return f"EXISTS ({self.query(1, names, 1)[0]})"
        if kind == 2:
            return f"{self.comparison(names)} OR {self.column(names)} > {self.random.randint(0, 4)}"
        return f"{self.column(names)} < {self.random.randint(0, 5)}"

    def value(self, names: Names, depth: int, *, window: bool = True) -> str:
        kind = self.random.randint(0, 9)
        if kind == 0:
            return f"{self.column(names)} + {self.column(names)}"
        if kind == 1:
            return f"CASE WHEN {self.comparison(names)} THEN {self.column(names)} ELSE {self.random.randint(0, 3)} END"
        if kind == 2:
            return f"coalesce({self.column(names)}, {self.column(names)})"
        if kind == 3 and depth > 1:
            return f"({self.scalar(names)})"
        if kind == 4 and window:
            value, part, order = (self.column(names, own=True) for _ in range(3))
            return f"sum({value}) OVER (PARTITION BY {part} ORDER BY {order}, {value})"
        if kind == 5:
            return str(self.random.randint(0, 9))
        return self.column(names)

    def scalar(self, names: Names) -> str:
        clause, inner = self.sources(1, names)
        where = f" WHERE {self.comparison(inner)}" if self.chance(0.7) else ""
        return (
            f"SELECT {self.random.choice(('max', 'count', 'sum'))}({self.column(inner, own=True)}) FROM {clause}{where}"
        )

    def grouped_value(self, keys: list[str], names: Names) -> str:
        if keys and self.chance(0.5):
            return self.random.choice(keys)
        return f"{self.random.choice(('sum', 'max', 'count'))}({self.column(names, own=True)})"
