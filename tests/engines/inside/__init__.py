"""Programs that run inside the environment of an engine; they need nothing else of this project."""
