"""What the caller did wrong, as opposed to what a source file says (that is a diagnostic)."""

from __future__ import annotations


class ProjectError(Exception):
    """A setting or a folder that can't be used; the message is for the user, and the exit status is 2."""
