"""Print what Airflow itself knows of its operator classes: template fields, required and all parameters."""

import importlib
import inspect
import json
import pkgutil
import sys

from airflow.sdk import BaseOperator


def describe(cls: type) -> dict[str, object]:
    """Template fields and the named parameters of the constructors below ``BaseOperator``."""
    parameters: dict[str, bool] = {}
    for base in cls.__mro__:
        if base in BaseOperator.__mro__ or not issubclass(base, BaseOperator) or "__init__" not in vars(base):
            continue
        init = inspect.unwrap(vars(base)["__init__"])
        for name, parameter in list(inspect.signature(init).parameters.items())[1:]:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                parameters.setdefault(name, parameter.default is parameter.empty)
    return {
        "template_fields": sorted(cls.template_fields),  # type: ignore[attr-defined]
        "required": sorted(name for name, needed in parameters.items() if needed),
        "parameters": sorted(parameters),
    }


def main() -> None:
    found: dict[str, object] = {}
    for package in sys.argv[1:]:
        for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
            module = importlib.import_module(f"{package}.{info.name}")
            for name, cls in vars(module).items():
                own = inspect.isclass(cls) and cls.__module__ == module.__name__ and not name.startswith("_")
                if own and issubclass(cls, BaseOperator):
                    found[f"{module.__name__}.{name}"] = describe(cls)
    sys.stdout.write("\n" + json.dumps(found) + "\n")  # imports of Airflow may have written before


if __name__ == "__main__":
    main()
