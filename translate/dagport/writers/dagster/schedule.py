"""The job of a pipeline; what starts its runs is ``when``."""

from __future__ import annotations

from dataclasses import dataclass

from dagport.graph import Pipeline
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Note
from dagport.writers.dagster.instance import Needs, needs_of
from dagport.writers.dagster.naming import TAG_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The asset job of a pipeline."""

    name: str
    arguments: tuple[str, ...]
    needs: Needs


def job_of(pipeline: Pipeline, name: str, prefix: str) -> tuple[Job, tuple[Note, ...]]:
    """The job that runs the pipeline's assets, and what it can't say."""
    arguments = [f"name={text_literal(name)}", f"selection=dg.AssetSelection.key_prefixes({text_literal(prefix)})"]
    if pipeline.description:
        arguments.append(f"description={text_literal(pipeline.description)}")
    tags, metadata = _tags(pipeline)
    needs = needs_of(pipeline, name)
    tags |= needs.tags
    if tags:
        arguments.append(
            f"tags={{{', '.join(f'{text_literal(key)}: {text_literal(value)}' for key, value in tags.items())}}}"
        )
    if pipeline.id != name:
        metadata = {"airflow/dag_id": text_literal(pipeline.id), **metadata}
    if metadata:
        arguments.append(
            f"metadata={{{', '.join(f'{text_literal(key)}: {value}' for key, value in metadata.items())}}}"
        )
    arguments += [f"{argument}={text}" for argument, text in needs.arguments.items()]
    return Job(name=name, arguments=tuple(arguments), needs=needs), needs.notes


def _tags(pipeline: Pipeline) -> tuple[dict[str, str], dict[str, str]]:
    """Tags that Dagster takes, and the others as metadata."""
    tags = {tag: "" for tag in pipeline.tags if TAG_KEY.match(tag) and not tag.startswith("dagster/")}
    others = [tag for tag in pipeline.tags if tag not in tags]
    return tags, {"airflow/tags": f"[{', '.join(map(text_literal, others))}]"} if others else {}
