"""Evaluate Python expressions and print each one's text as JSON: ``evaluate.py IMPORTS`` with expressions on stdin."""

import json
import sys


def main() -> None:
    names: dict[str, object] = {}
    exec(sys.argv[1], names)
    results = []
    for expression in json.load(sys.stdin):
        try:
            results.append(str(eval(expression, names)))
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            results.append(f"{type(error).__name__}")
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
