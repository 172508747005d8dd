"""What can go wrong with a move; each message says what to do."""

from __future__ import annotations


class MigrationError(Exception):
    """The switch file or the folder can't be used as asked. Nothing has been written."""
