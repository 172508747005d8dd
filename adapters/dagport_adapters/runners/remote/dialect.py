"""Where the two versions of Airflow's REST API differ, as data."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One version of the API, and what its Airflow can do."""

    name: str
    prefix: str
    release: tuple[int, int]  # of Airflow: major and minor
    date_filter: str  # of runs by their logical date
    assets: str  # what assets are called, as path and key
    run_page: str
    log_page: str
    mapped_page: str

    @property
    def has_tries(self) -> bool:
        """Whether earlier tries can be asked for (2.10)."""
        return self.release >= (2, 10)

    @property
    def counts_next_try(self) -> bool:
        """Whether a try number is that of the next try, unless it runs (before 2.10)."""
        return self.release < (2, 10)

    @property
    def native_xcoms(self) -> bool:
        """Whether XComs can be had as JSON (2.10), and not only as texts."""
        return self.release >= (2, 10)

    @property
    def writes_xcoms(self) -> bool:
        """Whether XComs can be put in place (3.0)."""
        return self.release >= (3, 0)

    @property
    def lists_by_run_id(self) -> bool:
        """Whether the task instances of many runs can be asked for at once (2.8)."""
        return self.release >= (2, 8)

    @property
    def structured_logs(self) -> bool:
        """Whether logs are data (3.0), and not only lines."""
        return self.release >= (3, 0)

    @property
    def needs_date_key(self) -> bool:
        """Whether a trigger must have a logical date, which may be null (3.0)."""
        return self.release >= (3, 0)

    def run_url(self, server: str, dag_id: str, run_id: str) -> str:
        """The run's page."""
        return server + self.run_page.format(dag=_quoted(dag_id), run=_quoted(run_id))

    def log_url(self, server: str, dag_id: str, run_id: str, task_id: str, map_index: int, number: int) -> str:
        """The page of a try's log."""
        page = self.log_page if map_index < 0 else self.mapped_page
        return server + page.format(
            dag=_quoted(dag_id), run=_quoted(run_id), task=_quoted(task_id), index=map_index, number=number
        )


def _quoted(text: str) -> str:
    return quote(text, safe="")


def dialect_of(version: str, release: tuple[int, int]) -> Dialect:
    """The dialect of the API ``v1`` or ``v2`` in this release of Airflow."""
    if version == "v2":
        return Dialect(
            name="v2",
            prefix="/api/v2",
            release=release,
            date_filter="logical_date",
            assets="assets",
            run_page="/dags/{dag}/runs/{run}",
            log_page="/dags/{dag}/runs/{run}/tasks/{task}?try_number={number}",
            mapped_page="/dags/{dag}/runs/{run}/tasks/{task}/mapped/{index}?try_number={number}",
        )
    return Dialect(
        name="v1",
        prefix="/api/v1",
        release=release,
        date_filter="execution_date",
        assets="datasets",
        run_page="/dags/{dag}/grid?dag_run_id={run}",
        log_page="/dags/{dag}/grid?dag_run_id={run}&task_id={task}&tab=logs",
        mapped_page="/dags/{dag}/grid?dag_run_id={run}&task_id={task}&map_index={index}&tab=logs",
    )
