"""Wrapped legacy pipelines: runners and hosts (nothing here yet)."""
