"""Imports: names go to where Airflow 3 has them, and those that nothing uses any more go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import libcst as cst

from dagport.rewrite.scopes import BUILTINS, Binding, Scope, bound_name, dotted
from dagport.writers.airflow.upgrade.facts import WRITTEN_OUT, gone, new_home, old_modules
from dagport.writers.airflow.upgrade.file import File
from dagport.writers.airflow.upgrade.names import imported_name

WIDTH = 110


@dataclass
class Group:
    """``from module import ...``."""

    module: str
    names: list[str] = field(default_factory=list)  # with `as` where there is one

    def add(self, name: str) -> None:
        """Have a name once."""
        if name not in self.names:
            self.names.append(name)

    def text(self, indent: str = "") -> str:
        """The statement, over several lines where it is long."""
        names = sorted(self.names, key=_rank)
        line = f"from {self.module} import {', '.join(names)}"
        if len(indent + line) <= WIDTH:
            return line
        inner = "".join(f"{indent}    {name},\n" for name in names)
        return f"from {self.module} import (\n{inner}{indent})"


class Imports:
    """All imports of a file, and the names that its new text wants."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._taken = {name for scope in file.scopes.module.nested() for name in scope.bindings} | BUILTINS
        self._wanted: dict[tuple[str, str], str] = {}

    def want(self, module: str, name: str) -> str:
        """What a name of a module is called in the file, which imports it if it doesn't yet."""
        local = self._wanted.get((module, name)) or self._present(module, name)
        if local is None:
            local = name if name not in self._taken else f"airflow_{name}"
            self._taken.add(local)
            self._wanted[module, name] = local
        return local

    def _present(self, module: str, name: str) -> str | None:
        """The name that the file's own top-level imports give it, as they will be."""
        for local, bindings in self._file.scopes.module.bindings.items():
            names = {imported_name(binding) for binding in bindings}
            homes = {new_home(item) or item for item in names if item}
            if None not in names and homes == {f"{module}.{name}"}:
                return self._renamed(local, bindings) or local
        return None

    # Names that moved

    def move(self) -> None:
        """Change every import and every use of what has moved."""
        self._attributes()
        for scope in self._file.scopes.module.nested():
            for local, bindings in scope.bindings.items():
                if self._renamed(local, bindings):
                    self._rename(scope, local, bindings)

    def _attributes(self) -> None:
        """``models.DummyOperator`` becomes a name that is imported by itself."""
        for node in self._file.nodes(cst.Attribute):
            name = self._file.meanings.of(node)
            if name is None or self._in_import(node):
                continue
            why = gone(name)
            if why is not None:
                self._file.say("DP431", why, node)
            home = new_home(name)
            if home is not None:
                self._file.replace(node, self.want(*_split(home)))

    def _in_import(self, node: cst.CSTNode) -> bool:
        return self._file.tree.enclosing(node, (cst.Import, cst.ImportFrom)) is not None

    def _renamed(self, local: str, bindings: list[Binding]) -> str | None:
        """The new name of something that is called otherwise in Airflow 3, where every use can take it."""
        if any(not isinstance(binding.node, cst.ImportAlias) or binding.node.asname for binding in bindings):
            return None
        homes = {new_home(imported_name(binding) or "") for binding in bindings}
        home = homes.pop() if len(homes) == 1 else None
        name = home.rpartition(".")[2] if home else local
        if home is None or name == local or self._is_quoted(local):
            return None
        others = self._file.scopes.module.bindings.get(name, [])
        same = {new_home(imported_name(item) or "") or imported_name(item) for item in others} <= {home}
        return name if name not in self._taken or (others and same) else None

    def _is_quoted(self, name: str) -> bool:
        return any(name == item for scope in self._file.scopes.module.nested() for item, _ in scope.quoted)

    def _rename(self, scope: Scope, local: str, bindings: list[Binding]) -> None:
        name = self._renamed(local, bindings)
        for read in scope.reads_of(local):
            if name is not None and read not in self._file.replaced:
                self._file.edits.replace(self._file.tree.start(read), self._file.tree.end(read), name)

    # Statements

    def settle(self) -> None:
        """Write the import statements, once all else is done."""
        plans = {node: self._plan(node) for node in self._file.nodes(cst.ImportFrom) if _is_plain(node)}
        homes = self._homes(plans)
        for (module, name), local in self._wanted.items():
            text = name if local == name else f"{name} as {local}"
            homes.setdefault((self._file.tree.module, module), Home()).group(module).add(text)
        for node, groups in plans.items():
            self._write(node, self._merged(node, groups, homes) if self._block(node) is not None else groups)
        top = [node for node in self._file.nodes(cst.ImportFrom) if self._is_top(node)]
        self._insert([home.groups[0] for home in homes.values() if home.node is None], top)
        for statement in self._file.nodes(cst.Import):
            self._plain_import(statement)

    def _homes(self, plans: dict[cst.ImportFrom, list[Group]]) -> Homes:
        """For each block and module the statement that will import from it."""
        found: Homes = {}
        wanted = {(self._file.tree.module, module) for module, _ in self._wanted}
        blocks = {node: block for node in plans if (block := self._block(node)) is not None}
        for node, block in blocks.items():
            kept = dotted(node.module) if node.module else ""
            for group in plans[node]:
                if group.module != kept or (block, kept) in wanted:
                    found.setdefault((block, group.module), Home(node))
        for node, block in blocks.items():
            for group in plans[node]:
                home = found.get((block, group.module))
                for name in group.names if home is not None else ():
                    found[block, group.module].group(group.module).add(name)
        return found

    def _merged(self, node: cst.ImportFrom, groups: list[Group], homes: Homes) -> list[Group]:
        """The groups that one statement writes: its own and those that come to it from others of its block."""
        block = self._block(node)
        left = [group for group in groups if (block, group.module) not in homes]
        come = [home.groups[0] for home in homes.values() if home.node is node and home.groups]
        order = [group.module for group in groups]
        return sorted([*left, *come], key=lambda group: order.index(group.module) if group.module in order else 99)

    def _block(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What a statement that has its line for itself stands in."""
        line = self._file.tree.parent(node)
        return (
            self._file.tree.parent(line) if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        )

    def _plan(self, node: cst.ImportFrom) -> list[Group]:
        """What a statement imports, by where Airflow 3 has it."""
        module = dotted(node.module) if node.module else ""
        groups: dict[str, Group] = {}
        for alias in _aliases(node):
            name, local = dotted(alias.name), bound_name(alias)
            if self._is_unused(node, alias, local) or self._is_idle(node, f"{module}.{name}", local):
                continue
            why = gone(f"{module}.{name}")
            if why is not None:
                self._file.say("DP431", why, alias)
            if f"{module}.{name}" in old_modules() and new_home(f"{module}.{name}") is None:
                self._file.say("DP430", f"Airflow 3 may not have the module {module}.{name}: import its names", alias)
            target, new = _split(new_home(f"{module}.{name}") or f"{module}.{name}")
            scope = self._scope_of(node)
            renamed = self._renamed(local, scope.bindings[local]) if new != name else None
            called = renamed or local
            groups.setdefault(target, Group(target)).add(new if called == new else f"{new} as {called}")
        return list(groups.values())

    def _scope_of(self, node: cst.CSTNode) -> Scope:
        holder = self._file.tree.enclosing(node, (cst.FunctionDef, cst.ClassDef))
        return self._file.scopes.by_node.get(holder or self._file.tree.module, self._file.scopes.module)

    def _is_unused(self, node: cst.CSTNode, alias: cst.ImportAlias, local: str) -> bool:
        """Whether our edits took the last use of a name."""
        reads = list(self._scope_of(node).reads_of(local))
        return bool(reads) and all(read in self._file.replaced for read in reads)

    def _is_idle(self, node: cst.CSTNode, name: str, local: str) -> bool:
        """Whether nothing of the file reads a name that Airflow 3 hasn't: importing it would only fail."""
        missing = name in WRITTEN_OUT or gone(name) is not None
        return missing and not list(self._scope_of(node).reads_of(local)) and not self._is_quoted(local)

    def _write(self, node: cst.ImportFrom, groups: list[Group]) -> None:
        tree, module = self._file.tree, dotted(node.module) if node.module else ""
        before = [tree.code(alias).rstrip(", \n") for alias in _aliases(node)]
        if len(groups) == 1 and [_normal(item) for item in before] == groups[0].names:
            if groups[0].module != module and node.module is not None:
                self._file.edits.replace(tree.start(node.module), tree.end(node.module), groups[0].module)
            return
        indent = tree.indent(tree.start(node))
        alone = self._block(node) is not None
        if groups:
            between = f"\n{indent}" if alone else "; "
            text = between.join(group.text(indent) for group in groups)
            self._file.edits.replace(tree.start(node), tree.end(node), text)
        elif alone and self._leaves_others(node):
            start = tree.line_start(tree.start(node))
            self._file.edits.replace(start, tree.line_end(tree.end(node)), "")
        else:
            self._file.edits.replace(tree.start(node), tree.end(node), "pass")

    def _leaves_others(self, node: cst.CSTNode) -> bool:
        """Whether the block of a statement that goes is left with some other statement than an import."""
        block = self._block(node)
        return block is self._file.tree.module or any(
            not (isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Import | cst.ImportFrom))
            for line in getattr(block, "body", ())
        )

    def _is_top(self, node: cst.CSTNode) -> bool:
        return self._block(node) is self._file.tree.module

    def _insert(self, groups: list[Group], top: list[cst.ImportFrom]) -> None:
        """New statements, after the last import from Airflow of the top level, or the last one at all."""
        if not groups:
            return
        tree = self._file.tree
        ours = [node for node in top if node.module is not None and dotted(node.module).split(".")[0] == "airflow"]
        plain = [node for node in self._file.nodes(cst.Import) if self._is_top(node)]
        every: Sequence[cst.CSTNode] = ours or top or plain
        at = tree.line_end(tree.end(every[-1])) if every else _after_docstring(self._file)
        self._file.edits.replace(at, at, "".join(f"{group.text()}\n" for group in groups))

    def _plain_import(self, node: cst.Import) -> None:
        """``import airflow.operators.bash_operator``: it goes with its last use, and is told where one stays."""
        for alias in node.names:
            module = dotted(alias.name)
            if module not in old_modules() or not module.startswith("airflow."):
                continue
            local = bound_name(alias)
            if self._is_unused(node, alias, local) and self._is_top(node) and len(node.names) == 1:
                start = self._file.tree.line_start(self._file.tree.start(node))
                self._file.edits.replace(start, self._file.tree.line_end(self._file.tree.end(node)), "")
            elif alias.asname or not self._is_unused(node, alias, local):
                self._file.say("DP430", f"Airflow 3 may not have the module {module}: import what is used of it", alias)


def _rank(name: str) -> tuple[int, str]:
    """The order of imported names that isort and ruff keep: constants, classes, the rest."""
    own = name.partition(" ")[0]
    return (0 if own.isupper() and len(own) > 1 else 1 if own[:1].isupper() else 2), name


@dataclass
class Home:
    """Where the names of one module are imported."""

    node: cst.ImportFrom | None = None  # None: a statement that has to be put in
    groups: list[Group] = field(default_factory=list)

    def group(self, module: str) -> Group:
        """The names."""
        if not self.groups:
            self.groups.append(Group(module))
        return self.groups[0]


Homes: TypeAlias = dict[tuple[cst.CSTNode, str], Home]


def _aliases(node: cst.ImportFrom) -> Iterator[cst.ImportAlias]:
    if not isinstance(node.names, cst.ImportStar):
        yield from node.names


def _is_plain(node: cst.ImportFrom) -> bool:
    return not node.relative and node.module is not None and not isinstance(node.names, cst.ImportStar)


def _split(name: str) -> tuple[str, str]:
    module, _, last = name.rpartition(".")
    return module, last


def _normal(text: str) -> str:
    return " ".join(text.split())


def _after_docstring(file: File) -> int:
    body = file.tree.module.body
    first = body[0] if body else None
    if isinstance(first, cst.SimpleStatementLine) and file.tree.module.get_docstring() is not None:
        return file.tree.line_end(file.tree.end(first))
    return 0
