"""``python -m dagport``."""

from dagport.cli import main

main()
