"""A project on disk: which files it has, how they are read in parallel, how output is written."""
