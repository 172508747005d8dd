"""Where the data of a storage or transfer operator lies: from its arguments to datasets.

An endpoint is a function from a task to the names on one side of it. They are those of the OpenLineage specification,
and where the class in Airflow's provider emits names itself (``get_openlineage_facets_on_*``), they are the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from posixpath import basename
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from dagport.graph import Task
from dagport.values import is_known
from dagport_lineage.extract.arguments import Named, Rule, argument, found, gap, map_named, missing, texts, union
from dagport_lineage.model import Found, Lifecycle, Unresolved, Write
from dagport_lineage.naming import storage
from dagport_lineage.naming.storage import ROOT
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

Endpoint: TypeAlias = Callable[[Task, Scope], tuple[Named, ...]]
Text: TypeAlias = str | Unresolved | None

WILDCARD = "*"


# Rules of endpoints


def transfer(source: Endpoint, target: Endpoint) -> Rule:
    """A rule that reads one endpoint and writes another, which is made of all that it reads."""

    def rule(task: Task, scope: Scope) -> Found:
        return found(scope.place(task), reads=source(task, scope), writes=target(task, scope))

    return rule


def paired(source: Endpoint, target: Endpoint) -> Rule:
    """A rule that copies several datasets one by one: each is made of the one that stands at its place, of no other."""

    def rule(task: Task, scope: Scope) -> Found:
        pairs = zip(
            source(task, scope), target(task, scope), strict=False
        )  # as the operators do: the shorter list counts
        return union(found(scope.place(task), reads=(one,), writes=(other,)) for one, other in pairs)

    return rule


def reading(source: Endpoint) -> Rule:
    """A rule that reads an endpoint; what it reads goes to no dataset."""

    def rule(task: Task, scope: Scope) -> Found:
        return found(scope.place(task), reads=source(task, scope))

    return rule


def writing(target: Endpoint, data: str) -> Rule:
    """A rule that writes what an argument holds. Where that is a result of another task, its sources aren't known."""

    def rule(task: Task, scope: Scope) -> Found:
        done = found(scope.place(task), writes=target(task, scope))
        if is_known(task.arguments.get(data)):
            return done
        return replace(done, writes=tuple(replace(write, sources=None) for write in done.writes))

    return rule


def changing(target: Endpoint, lifecycle: Lifecycle) -> Rule:
    """A rule that drops an endpoint, or changes it otherwise, without moving data to it."""

    def rule(task: Task, scope: Scope) -> Found:
        done = found(scope.place(task), writes=target(task, scope))
        return replace(done, writes=tuple(replace(write, lifecycle=lifecycle) for write in done.writes))

    return rule


def moving(rule: Rule, *sources: str) -> Rule:
    """A rule that removes what it has copied where ``move_object`` says so; ``sources`` are the arguments that name it.

    Of what fits a pattern, or lies in a folder, only what was there then is gone: its dataset is written, not dropped.
    """

    def rule_of_moves(task: Task, scope: Scope) -> Found:
        done, moves, place = rule(task, scope), task.arguments.get("move_object"), scope.place(task)
        if not moves:
            return done
        if moves is not True:
            problem = Unresolved("opaque", "whether the sources are removed: `move_object` isn't known")
            return replace(done, gaps=(*done.gaps, gap("outputs", problem, place)))
        files = {text.lstrip("/") for name in sources for text in texts(task, scope, name) if isinstance(text, str)}
        targets = {write.dataset for write in done.writes}
        removed = tuple(
            Write(
                dataset=name,
                how="operator",
                sources=(),
                lifecycle="DROP" if name.name.lstrip("/") in files else None,
                place=place,
            )
            for name in (read.dataset for read in done.reads)
            if name not in targets
        )
        unknown = tuple(replace(item, side="outputs") for item in done.gaps if item.side == "inputs")
        return replace(done, writes=(*done.writes, *removed), gaps=tuple(dict.fromkeys((*done.gaps, *unknown))))

    return rule_of_moves


# Endpoints


def at(make: Callable[..., Named], *arguments: str) -> Endpoint:
    """The datasets that ``make`` names by these arguments; one each where the last of them is a list.

    An argument that may be missing ends in ``?``: then it is ``None``.
    """
    *leading, last = arguments

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        head = [_text(task, scope, name) for name in leading]
        tail = texts(task, scope, last.rstrip("?")) or (_absent(last),)
        return tuple(map_named(make, *head, item) for item in tail)

    return names


def needed(task: Task, scope: Scope, name: str) -> str | Unresolved:
    """The text of an argument that a name can't do without."""
    value = argument(task, scope, name)
    return missing(name) if value is None else value


def _text(task: Task, scope: Scope, name: str) -> Text:
    value = argument(task, scope, name.rstrip("?"))
    return _absent(name) if value is None else value


def _absent(name: str) -> Text:
    return None if name.endswith("?") else missing(name)


def both(*endpoints: Endpoint) -> Endpoint:
    """Several endpoints of one side."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        return tuple(chain.from_iterable(endpoint(task, scope) for endpoint in endpoints))

    return names


def unnamed(what: str, name: str | None = None) -> Endpoint:
    """Data that the naming specification has no form for, e.g. ``"the DynamoDB table"`` that an argument names."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        text = argument(task, scope, name) if name else None
        shown = f"{what} `{redact(text)}`" if isinstance(text, str) else what
        return (Unresolved("name", f"{shown} has no form in the naming specification"),)

    return names


# Names of objects and files


def directory_of(path: str) -> str:
    """The name that objects get which are given by a pattern, a prefix or a path: their folder, or the path of a file.

    A last part without a dot is taken to be the beginning of names. Source:
    ``airflow.providers.google.cloud.openlineage.utils.extract_ds_name_from_gcs_path``.
    """
    fixed = path.split(WILDCARD, maxsplit=1)[0]
    if "." not in basename(fixed).rstrip(".") and not fixed.endswith("/"):
        fixed = PurePosixPath(fixed).parent.as_posix()
    name = fixed.strip("/")
    return ROOT if name in ("", ".") else name


def split_url(url: str | None) -> SplitResult:
    """The parts of a URL; none where it has a bracket that isn't closed."""
    try:
        return urlsplit(url or "", allow_fragments=False)
    except ValueError:
        return SplitResult("", "", "", "", "")


def s3_object(bucket: str | None, key: str | None) -> Named:
    """An object, or several by the beginning of their keys. Without a bucket the key has to be a whole URL.

    Source: ``S3Hook.get_s3_bucket_key``.
    """
    if bucket is None:
        return s3_url(key)
    if key and split_url(key).scheme:
        return Unresolved("name", f"`{redact(key)}` is a URL, and there is a bucket beside it")
    return storage.s3(bucket, key or "")


def s3_url(url: str | None) -> Named:
    """An object by its URL: ``s3://bucket/key``, or one of the two forms with ``https``.

    Source: ``S3Hook.parse_s3_url``.
    """
    parts = split_url(url)
    if re.fullmatch(r"s3[na]?", parts.scheme, re.IGNORECASE) and parts.netloc:
        return storage.s3(parts.netloc.rpartition("@")[2], parts.path)
    host = parts.netloc.split(".")
    if parts.scheme == "https" and host[0] == "s3":
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return storage.s3(bucket, key)
    if parts.scheme == "https" and host[1:2] == ["s3"]:
        return storage.s3(host[0], parts.path)
    return Unresolved("name", f"`{redact(url or '')}` isn't the URL of an S3 object, and there is no bucket beside it")


def gcs_object(bucket: str, name: str | None) -> Named:
    """An object by its whole name, or several by the beginning of their names."""
    return storage.gcs(bucket.removeprefix("gs://").strip("/"), name or "")


def gcs_directory(bucket: str, name: str | None) -> Named:
    """Objects by the folder that they are in, whatever its name looks like."""
    return gcs_object(bucket, (name or "").strip("/"))


def gcs_folder(bucket: str, name: str | None) -> Named:
    """Objects by a path, a prefix or a pattern."""
    return gcs_object(bucket, directory_of(name or ""))


def gcs_url(url: str | None) -> Named:
    """Objects by a URL ``gs://bucket/path``, where the path may be a prefix or a pattern."""
    parts = split_gcs_url(url)
    return parts if isinstance(parts, Unresolved) else gcs_folder(*parts)


def split_gcs_url(url: str | None) -> tuple[str, str] | Unresolved:
    """The bucket and the path of a URL ``gs://bucket/path``."""
    parts = split_url(url)
    if parts.scheme.lower() != "gs" or not parts.netloc:
        return Unresolved("name", f"`{redact(url or '')}` isn't the URL of objects of Cloud Storage")
    return parts.netloc.rpartition("@")[2], parts.path.lstrip("/")


def dropped_prefix(make: Callable[[str, str], Named]) -> Callable[[str, str], Named]:
    """Objects that are deleted by the beginning of their names: a whole folder has a name, others a run knows only."""

    def named(bucket: str, prefix: str) -> Named:
        if prefix.endswith("/"):
            return make(bucket, prefix)
        return Unresolved("runtime", f"which objects of `{bucket}` begin with `{prefix}`")

    return named


def local_file(path: str | None) -> Named:
    """A file of the machine that the task runs on, by its absolute path."""
    return storage.file(path or "")


def local_files(path: str | None) -> Named:
    """Files of the machine that the task runs on, by an absolute path or a pattern."""
    if not path or not path.startswith("/"):
        return local_file(path)
    return storage.file(ROOT + directory_of(path).lstrip(ROOT))
