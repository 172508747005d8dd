"""Values of the graph that are names of the standard library: the source that imports and uses them."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dagport.values import Call, Ref, Value
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import expression
from dagport.writers.common.model import Refused


def imported(value: Value, inputs: Inputs) -> str:
    """The source of a value in which names of the standard library may stand. Raises ``Refused`` for other names."""
    if isinstance(value, Ref):
        return _name(value.name, inputs)
    if isinstance(value, Call) and _is_standard(value.name):
        arguments = [imported(item, inputs) for item in value.args]
        arguments += [f"{name}={imported(item, inputs)}" for name, item in value.kwargs.items()]
        return f"{_name(value.name, inputs)}({', '.join(arguments)})"
    return inputs.value(value)


def importing(inputs: Inputs) -> Callable[[Value], str]:
    """``imported`` for the symbolic parts of a larger value."""
    return lambda value: expression(value, lambda part: imported(part, inputs))


def _is_standard(name: str) -> bool:
    root, _, attribute = name.partition(".")
    return root in sys.stdlib_module_names and bool(attribute) and "." not in attribute


def _name(name: str, inputs: Inputs) -> str:
    """``json.loads``: the module is imported under its own name, which the file must not use for something else."""
    root = name.partition(".")[0]
    if not _is_standard(name):
        raise Refused(f"`{name}` has no form in the generated code")
    found = inputs.scope.module.slice(frozenset({root}))
    if found.definitions or any(line != f"import {root}" for line in found.imports if "__future__" not in line):
        raise Refused(f"the module's own `{root}` isn't what that name means in the generated code")
    inputs.imports[f"import {root}"] = None
    return name
