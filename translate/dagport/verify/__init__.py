"""Proof that a translation means what its source means: structure and schedules, pipeline by pipeline."""

from __future__ import annotations
