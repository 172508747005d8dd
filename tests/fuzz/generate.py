"""Random programs that are valid Python, or nearly so, and mean no good."""

from __future__ import annotations

import re
from random import Random

from tests.fuzz import pieces
from tests.fuzz.case import Case

PLACES = re.compile(r"§§|§[a-z]?|[@$#%]")
DEEPEST_EXPRESSION = 4
DEEPEST_BLOCK = 4


class Program:
    """Writes one program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fills = {
            "$": lambda depth: self.pick(pieces.NAMES),
            "#": lambda depth: str(self.random.randint(0, 30)),
            "§": lambda depth: self.pick(pieces.ATTRIBUTES),
            "§§": lambda depth: self.pick(pieces.functions()),
            "§m": lambda depth: self.pick(pieces.method_names()),
            "§f": lambda depth: self.pick(("f1", "g1", "f2", "x", "t1")),
            "§s": lambda depth: self.pick(pieces.SPECIALS),
            "§i": lambda depth: self.pick(pieces.MODULES),
            "§d": lambda depth: self.pick(pieces.DECORATORS),
            "@": self.expression,
        }

    def pick(self, options: tuple[str, ...]) -> str:
        """One of some texts."""
        return self.random.choice(options)

    def text(self) -> str:
        """The whole file."""
        lines = [pieces.HEADER]
        for _ in range(self.random.randint(1, 12)):
            statement = self.statement(0)
            lines += self.guarded(statement) if self.random.random() < 0.7 else statement
        return "\n".join(lines) + "\n"

    @staticmethod
    def guarded(lines: list[str]) -> list[str]:
        """A statement whose exception doesn't end the program."""
        return ["try:", *(f"    {line}" for line in lines), "except Exception as e:", "    pass"]

    def expression(self, depth: int) -> str:
        """An expression, with names and constants at its ends."""
        kind = self.random.random()
        if kind < 0.15:
            return self.pick(pieces.NAMES)
        if depth >= DEEPEST_EXPRESSION or kind < 0.35:
            return f"({self.pick(pieces.CONSTANTS)})".replace("#", str(self.random.randint(0, 9)))
        templates = pieces.READINGS if kind > 0.95 else pieces.EXPRESSIONS
        return self.filled(self.pick(templates), depth + 1)

    def filled(self, template: str, depth: int) -> str:
        """A template with its places filled."""
        return PLACES.sub(lambda place: self.fills[place[0]](depth) if place[0] in self.fills else place[0], template)

    def statement(self, depth: int) -> list[str]:
        """The lines of a statement."""
        template = self.pick(pieces.STATEMENTS)
        while "%" in template and depth >= DEEPEST_BLOCK:
            template = self.pick(pieces.STATEMENTS)
        # A decorator's "@" stands at the start of a line.
        template = re.sub(r"^@(?=[a-z§])", "\1", template, flags=re.MULTILINE)
        parts = template.split("%")
        lines: list[str] = []
        for number, part in enumerate(parts):
            if number:
                inner = [line for _ in range(self.random.randint(1, 3)) for line in self.statement(depth + 1)]
                lines += ["    " * 1 + line for line in inner]
            lines += [line.replace("\1", "@") for line in self.filled(part, 0).split("\n") if line.strip()]
        return lines


def generated(seed: int) -> Case:
    """The program of a seed; every second one lies in a project."""
    random = Random(f"generated {seed}")
    text = Program(random).text()
    return Case(f"generated {seed}", text, pieces.HELPERS if seed % 2 else {})
