"""The tests mirror the packages; ``tests/engines`` runs the real orchestrators."""
