"""Readers: one folder an orchestrator; each gives a ``FileGraph`` for a source file."""
