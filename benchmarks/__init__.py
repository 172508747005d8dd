"""Measurements, run by hand and, shortened, in CI."""
