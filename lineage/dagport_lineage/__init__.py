"""Lineage, at design time and at run time: pure functions from a graph to events, and one place that hands them on."""
