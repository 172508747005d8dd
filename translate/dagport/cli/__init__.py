"""The command line. Every command is a module that is imported when it is called: start-up time counts."""

from dagport.cli.app import main

__all__ = ["main"]
