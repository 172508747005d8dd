"""Catalogues: native exports for those that take no events of jobs, and what each does with events."""
