"""Lineage of SQL: the tables that a text reads and writes, and which columns come from which."""

from __future__ import annotations

from dagport.graph import Place
from dagport_lineage.model import Found, Side
from dagport_lineage.naming.database import Database


def sql_found(query: str, database: Database, place: Place | None, *, default_side: Side = "both") -> Found:
    """What a text of one or several statements reads and writes in a database.

    Jinja that is left in it is masked: what it stands for is a gap where it matters. ``default_side`` is the side of a
    gap where the text doesn't say which: of a text that only reads, ``inputs``. Never raises.
    """
    from dagport_lineage.extract.sql.texts import found_in  # start-up

    return found_in(query, database, place, default_side)
