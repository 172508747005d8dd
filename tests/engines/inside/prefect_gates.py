"""What Prefect makes of gated tasks besides their states: a dict of facts as JSON.

    PREFECT_PYTHON prefect_gates.py FOLDER

``FOLDER`` has the package ``pipelines`` with the support files of a project.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import redirect_stdout
from typing import Any

from prefect import allow_failure, flow, task
from prefect.client.orchestration import get_client
from prefect.futures import wait
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner
from prefect.testing.utilities import prefect_test_harness

sys.path.insert(0, sys.argv[1])

from pipelines.control import (  # type: ignore[import-not-found]
    PermanentFailure,
    Skip,
    after,
    chosen,
    each,
    each_kwargs,
    expand,
    expand_kwargs,
    gated_task,
    results_of,
    unless_permanent,
)

SLOW = 1.5
seen: list[Any] = []
facts: dict[str, Any] = {}


def noted(_task: Any, run: Any, state: Any) -> None:
    seen.append(f"hook {state.name}")


@task
def slow() -> str:
    time.sleep(SLOW)
    seen.append("slow")
    return "slow"


@task
def bad() -> None:
    raise ValueError("bad")


@gated_task(choices=("left", "right", "join"))
def choose() -> str:
    return "left"


@gated_task(retries=2, on_failure=[noted])
def left(value: str | None = None) -> str | None:
    seen.append("left")
    return value


@gated_task(retries=2, on_failure=[noted])
def right() -> str:
    seen.append("right")
    return "right"


@gated_task(rule="none_failed_min_one_success")
async def join(one: Any, other: Any) -> list[Any]:
    return [one, other]


@gated_task(rule="all_done")
def gather(values: Any = None, first: Any = None) -> list[Any]:
    return [values, first]


@gated_task(retries=3)
def for_good() -> None:
    seen.append("for_good")
    raise PermanentFailure("for good")


@task(retries=3, retry_condition_fn=unless_permanent)
def plainly_for_good() -> None:
    seen.append("plainly_for_good")
    raise PermanentFailure("for good")


@gated_task(items=True)
def numbers() -> list[int]:
    return [0, 1, 2]


@gated_task(items=True, retries=1)
def nothing() -> None:
    seen.append("nothing")


@gated_task()
def times(number: int, by: int = 10) -> int | None:
    if number == 1:
        raise Skip("one")
    return number * by if number else None


@gated_task()
def pair(a: Any, b: Any = None) -> list[Any]:
    return [a, b]


@gated_task(rule="all_done")
def any_pair(a: Any, b: Any = None) -> list[Any]:
    return [a, b]


@task(retries=1, retry_delay_seconds=3)
def at_second() -> None:
    seen.append("try")
    if seen.count("try") == 1:
        raise ValueError("once")


@task
def plain(*before: Any) -> None: ...


def branched() -> Any:
    choice = choose.submit()
    one = left.submit(value="given", after=after(chosen(choice, "left")))
    other = right.submit(after=after(chosen(choice, "right")))
    both = join.submit(one=allow_failure(one), other=allow_failure(other), after=after(one, other))
    return choice, one, other, both


@flow
def arguments() -> Any:
    """A result that isn't there is ``None``, and the upstreams of a gated task are its inputs."""
    _, one, other, both = branched()
    failed = bad.submit()
    behind = left.submit(value=allow_failure(failed), after=after(failed))
    last = gather.submit(values=allow_failure(failed), first=allow_failure(behind), after=after(failed, behind))
    wait([last])
    facts["joined"], facts["gathered"] = both.result(), last.result()
    facts["states"] = [other.state.name, behind.state.name]
    facts["upstreams"] = {str(one.task_run_id), str(other.task_run_id)} == inputs(both)
    return [both, last]


def inputs(future: Any) -> set[str]:
    """The task runs that Prefect's own record of one names as its inputs."""
    client: Any = get_client(sync_client=True)
    for _ in range(100):
        found = client.read_task_runs(flow_run_filter=None, limit=200)
        run = next((one for one in found if one.id == future.task_run_id), None)
        if run is not None and run.task_inputs:
            return {str(one.id) for given in run.task_inputs.values() for one in given if hasattr(one, "id")}
        time.sleep(0.1)
    return set()


@flow
def unblocked() -> Any:
    """No gate holds up what comes after it."""
    begun = time.monotonic()
    waits = slow.submit()
    gate = gather.submit(values=allow_failure(waits), after=after(waits))
    free = right.submit()
    facts["submitted"] = time.monotonic() - begun < SLOW
    free.wait()
    facts["free"] = "slow" not in seen and "right" in seen
    return [gate, free]


@flow
def for_ever() -> Any:
    """What fails for good isn't tried again, nor is what can't run."""
    failed, plainly = for_good.submit(), plainly_for_good.submit()
    return [right.submit(after=after(failed)), left.submit(after=after(plainly))]


@flow
def mapped() -> Any:
    """What is mapped, and what its results are."""
    found = numbers.submit()
    runs = expand(times, {"number": found}, by=2, after=after(found))
    product = expand(pair, {"a": [1, 2], "b": {"k": "v"}})
    dicts = expand_kwargs(pair, [{"a": 1}, {"a": 2, "b": 3}])
    again = expand(any_pair, {"a": runs}, after=after(*runs))
    first = gather.submit(values=results_of(runs), after=after(*runs))
    items = [dict(item) for item in (*each({"a": [1, 2]}), *each_kwargs([{"b": 1}]), *each({"a": []}))]
    empty = expand(pair, {"a": []})
    wrong = nothing.submit()
    lost = expand(pair, {"a": wrong}, after=after(wrong))
    wait([*runs, *product, *dicts, *again, first, *empty, *lost])
    facts["mapped"] = {
        "runs": [one.state.name for one in runs],
        "product": [one.result() for one in product],
        "dicts": [one.result() for one in dicts],
        "again": [one.result() for one in again],
        "first": first.result()[0],
        "items": items,
        "empty": [one.state.name for one in empty],
        "lost": [wrong.state.name, *(one.state.name for one in lost)],
    }
    return [first]


@flow
def left_behind() -> Any:
    """A plain task stops waiting at the first failure: what else is to be done is cancelled when the flow returns."""
    return [plain.submit(bad.submit(), at_second.submit())]


@flow
def waited_for() -> Any:
    failed, other = bad.submit(), at_second.submit()
    last = plain.submit(failed, other)
    wait([other])
    return [last]


def states(runner: Any) -> list[str]:
    """A branch and its join in another task runner."""

    @flow(task_runner=runner)
    def made() -> Any:
        found = branched()
        wait(list(found))
        facts.setdefault("runners", []).append([one.state.name for one in found])
        return list(found)

    return [str(made(return_state=True).type.value)]


def main() -> None:
    for one in (arguments, unblocked, for_ever, mapped, left_behind, waited_for):
        seen.clear()
        state = one(return_state=True)
        facts[one.name.replace("-", "_") + "_ends"] = [state.type.value, sorted(map(str, seen))]
    facts["runs"] = [*states(ThreadPoolTaskRunner(max_workers=1)), *states(ProcessPoolTaskRunner(max_workers=2))]


if __name__ == "__main__":
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        logging.disable()
        main()
    sys.stdout.write(json.dumps(facts))
