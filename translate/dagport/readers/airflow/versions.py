"""For which Airflow a file is written, by the names that only some versions have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from dagport.options import AirflowVersion
from dagport.readers.airflow.removed import gone_in_3, is_old

ONLY_3 = ("airflow.sdk", "airflow.providers.standard", "airflow.providers.common.compat.sdk")
# These still import in 3, with a warning; new files don't use them.
DEPRECATED_IN_3 = (
    "airflow.operators.",
    "airflow.sensors.",
    "airflow.decorators",
    "airflow.utils.dates",
    "airflow.utils.task_group",
)
OLD_ARGUMENTS = {
    "schedule_interval", "timetable", "concurrency", "default_view", "orientation", "fail_stop", "provide_context",
    "task_concurrency", "full_filepath",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """An Airflow version, and whether something in the file says so."""

    name: AirflowVersion
    certain: bool


def find_version(tree: ast.Module, text: str) -> Version:
    """The version that a file is for.

    Names of 3 decide; then names that only 1.10 and early 2 have; then what 3 has removed. Names that 3 merely
    deprecates make 2 likely, and a file without a hint is taken to be for 3, but neither is certain.
    """
    modules = set(_modules(tree.body))
    if any(module.startswith(ONLY_3) for module in modules):
        return Version("3", certain=True)
    if any(is_old(module) for module in modules):
        newer = any(module.startswith(("airflow.providers.", "airflow.decorators")) for module in modules)
        return Version("2" if newer else "1.10", certain=True)
    if any(_is_gone(module) for module in modules) or _uses_old_argument(tree, text):
        return Version("2", certain=True)
    if any(module.startswith(DEPRECATED_IN_3) for module in modules):
        return Version("2", certain=False)
    return Version("3", certain=False)


def _is_gone(name: str) -> bool:
    return gone_in_3(name) or gone_in_3(*name.rpartition(".")[::2])


def _modules(body: list[ast.stmt]) -> Iterator[str]:
    """Modules imported at the top level, inside ``try``, ``if`` and ``with`` too."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            if statement.module and not statement.level:
                yield statement.module
                yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.With):
            yield from _modules(statement.body)
        elif isinstance(statement, ast.If | ast.Try):
            yield from _modules(statement.body)
            yield from _modules(statement.orelse)


def _uses_old_argument(tree: ast.Module, text: str) -> bool:
    """Whether a call of the file has an argument that 3 refuses. The text is searched first: walking costs time."""
    if not any(name in text for name in OLD_ARGUMENTS):
        return False
    return any(
        keyword.arg in OLD_ARGUMENTS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    )


# What `airflow.sdk` of 3.3 exports, its submodules included.
_SDK_NAMES = (
    "* AllowedKeyMapper Asset AssetAccessControl AssetAlias AssetAll AssetAny AssetOrTimeSchedule "
    "AssetWatcher AsyncCallback BaseAsyncOperator BaseBranchOperator BaseDeadlineReference BaseHook "
    "BaseNotifier BaseOperator BaseOperatorLink BaseSensorOperator BaseXCom BranchMixIn ChainMapper "
    "Connection Context CronDataIntervalTimetable CronPartitionTimetable CronTriggerTimetable DAG "
    "DagRunState DayWindow DeadlineAlert DeadlineReference DeltaDataIntervalTimetable "
    "DeltaTriggerTimetable EdgeModifier EventsTimetable ExceptionRetryPolicy FanOutMapper FixedKeyMapper "
    "HourWindow IdentityMapper Label Metadata MinimumCount MonthWindow MultipleCronTriggerTimetable "
    "NEVER_EXPIRE ObjectStoragePath Param ParamsDict PartitionMapper PartitionedAssetTimetable "
    "PartitionedAtRuntime PokeReturnValue ProductMapper QuarterWindow ResumableJobMixin RetryAction "
    "RetryDecision RetryPolicy RetryRule RollupMapper SegmentWindow SkipMixin StartOfDayMapper "
    "StartOfHourMapper StartOfMonthMapper StartOfQuarterMapper StartOfWeekMapper StartOfYearMapper "
    "SyncCallback TaskGroup TaskInstance TaskInstanceState TriggerRule Variable WaitForAll WeekWindow "
    "WeightRule Window XComArg YearWindow __version__ api asset bases chain chain_linear conf "
    "configuration coordinators cross_downstream crypto dag deadline_reference definitions exceptions "
    "execution_time get_current_context get_parsing_context io lineage listener literal log macros "
    "module_loading observability plugins_manager providers_manager_runtime result serde setup state task "
    "task_group teardown timezone types yaml "
)
SDK_NAMES = frozenset(_SDK_NAMES.split())


def unknown_names(tree: ast.Module) -> Iterator[tuple[ast.ImportFrom, str]]:
    """Names that the file imports from ``airflow.sdk``, and that it doesn't have."""
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "airflow.sdk":
            for alias in statement.names:
                if alias.name not in SDK_NAMES:
                    yield statement, alias.name
