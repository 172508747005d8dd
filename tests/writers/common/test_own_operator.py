"""Operators that a file defines itself: those whose class is plain enough, and all others."""

from __future__ import annotations

import pytest

from dagport.values import Template, Value, XCom
from dagport.writers.common.model import Refused
from dagport.writers.dagster.forms import FORMS
from tests.writers.common.forming import (
    task,
    written,
)
from tests.writers.dagster.making import DAILY

OWN = '''
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

FACTOR = 2
LATER = [1]


class Scale(BaseOperator):
    """Scales."""

    template_fields = ("number",)

    def __init__(self, number, *, label="none", **kwargs):
        """Keep them."""
        super().__init__(retries=3, **kwargs)
        self.number = number
        self.text: str = label

    def execute(self, context):
        # Scale it.
        if self.number == 0:
            raise AirflowSkipException
        return f"{self.number * FACTOR} {self.text} {context['ds']}"


class Nothing(BaseOperator):
    def execute(self, context): return None


class Logs(BaseOperator):
    def execute(self, context):
        self.log.info("no")


class Whole(BaseOperator):
    def execute(self, context):
        return str(self)


class Hides(BaseOperator):
    def __init__(self, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context):
        number = 3
        return self.number + number


class Works(BaseOperator):
    def __init__(self, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number + 1

    def execute(self, context):
        return self.number


class More(BaseOperator):
    def execute(self, context):
        return self.helper()

    def helper(self):
        return 1


class Derived(Scale):
    pass


class Sets(BaseOperator):
    def execute(self, context):
        self.done = True


class Pools(BaseOperator):
    def __init__(self, name, **kwargs):
        super().__init__(**kwargs)
        self.pool = name

    def execute(self, context):
        return self.pool


class Later(BaseOperator):
    def __init__(self, number=LATER, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context):
        return self.number
'''


def test_an_operator_of_the_file() -> None:
    arguments: dict[str, Value] = {"number": Template("{{ ds_nodash }}", ("ds_nodash",)), "label": "cm"}
    lines, inspection = written(task("train.Scale", None, arguments), text=OWN, schedule=DAILY)
    assert lines == [
        "def work(context: dg.AssetExecutionContext):",
        'number = context.partition_time_window.start.strftime("%Y%m%d")',
        'text = "cm"',
        "# Scale it.",
        "if number == 0:",
        "raise Skip",
        'return f"{number * FACTOR} {text} {context.partition_key}"',
    ]
    assert inspection.context == {"ds"}
    assert inspection.skips
    assert inspection.names == {"FACTOR"}


OWN_REFUSED: dict[str, tuple[str, dict[str, Value], str]] = {
    "one line": ("train.Nothing", {}, "on one line"),
    "its log": ("train.Logs", {}, "uses `self.log`"),
    "itself": ("train.Whole", {}, "`self` as a whole"),
    "a name of its own": ("train.Hides", {"number": 1}, "for something else"),
    "work before it runs": ("train.Works", {"number": 1}, "does more than keep its arguments"),
    "another method": ("train.More", {}, "other methods than execute"),
    "another base": ("train.Derived", {"number": 1}, "another base"),
    "an attribute that is set": ("train.Sets", {}, "uses `self.done`"),
    "a default that isn't plain": ("train.Later", {}, "isn't plain"),
    "what every operator has": ("train.Pools", {"name": "x"}, "which every operator has"),
    "another file": ("plugins.scaling.Scale", {"number": 1}, "isn't defined in this file"),
    "a template that isn't rendered": (
        "train.Scale",
        {"number": 1, "label": Template("{{ ds }}", ("ds",))},
        "that Airflow doesn't render",
    ),
    "a result that isn't handed over": (
        "train.Scale",
        {"number": 1, "label": XCom("load")},
        "that Airflow doesn't hand over",
    ),
    "several results": ("train.Scale", {"number": 1, "multiple_outputs": True}, "multiple_outputs"),
}


@pytest.mark.parametrize("case", OWN_REFUSED)
def test_an_operator_of_the_file_is_refused(case: str) -> None:
    operator, arguments, reason = OWN_REFUSED[case]
    with pytest.raises(Refused, match=reason):
        written(task(operator, None, arguments), text=OWN, schedule=DAILY)


def test_settings_of_an_own_operator_are_settings() -> None:
    form = FORMS.get("train.Scale")
    assert form is not None
    own = form.ARGUMENTS
    assert "number" in own
    assert "pre_execute" not in own
    assert "pre_execute" in own | {"pre_execute"}
    assert FORMS.get("airflow.providers.x.Y") is None
