"""Prints graphs as diagrams: Mermaid and Graphviz."""

from dagport.writers.diagram.dot import write_dot
from dagport.writers.diagram.mermaid import write_mermaid

__all__ = ["write_dot", "write_mermaid"]
