"""Lineage events from the graph, at design time and at run time (nothing here yet)."""
