"""What writers of Python targets share: names, literals, functions of tasks, dependencies, values of a run."""
