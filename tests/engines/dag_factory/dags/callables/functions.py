"""What the YAML files of the test name."""


def extract(day="today", **context):
    return {"day": day, "rows": 3}


def numbers():
    """Numbers to map over."""
    return [1, 2, 3]


def double(number, factor=2):
    return number * factor


def total(values: list[int], label: str = "sum"):
    return f"{label}: {sum(values)}"


def choose():
    return "a"


def notify(context, text="failed"):
    return text


def is_ready():
    return True


def says_docs():
    return "said by a function"


def takes_task_id(task_id, retries=1):
    return task_id
