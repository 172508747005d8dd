"""Passes from graph to graph, one function a file."""
