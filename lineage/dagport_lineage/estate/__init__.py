"""All DAG files of a project together: their events, and the one network that these make."""
