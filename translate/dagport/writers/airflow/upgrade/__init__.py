"""From Airflow 1 and 2 to 3, in place: every change is an edit of the text at a place, all else stays."""

from __future__ import annotations
