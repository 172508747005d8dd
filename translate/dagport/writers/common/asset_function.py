"""``@asset``: the function that makes an asset is that of the task.

Source: ``_AssetMainOperator`` of Airflow 3.3. The function is given Airflow's own asset objects for parameters
without a default, the run's context for one named ``context``, and for all others their defaults.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.rewrite.context import CONTEXT_KEYS
from dagport.writers.common import python
from dagport.writers.common.functions import facts_of
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.common.scope import Scope

OPERATORS = frozenset({"airflow.sdk.definitions.asset.decorators._AssetMainOperator"})
ARGUMENTS = python.ARGUMENTS | {"definition_name"}


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the function uses and hands over. Raises ``Refused``."""
    for parameter in facts_of(task, scope).parameters:
        if parameter.kind not in ("positional", "keyword"):
            raise Refused(f"its function takes `{parameter.name}`, which Airflow takes for the name of an asset")
        if parameter.default is None:
            what = {"context": "the run's context", "outlet_events": "Airflow's asset events"}
            given = what.get(parameter.name, "an asset object of Airflow's")
            raise Refused(f"its function is given {given}, by its parameter `{parameter.name}`")
        if parameter.name in CONTEXT_KEYS:
            raise Refused(f"its parameter `{parameter.name}` has the name of an entry of the run's context")
    return python.inspect(task, scope)


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function. Raises ``Refused``."""
    return python.write(task, scope)
