"""Tests that run the real orchestrators, each in an environment of its own."""
