"""The pieces of a multi-asset's decorator, as source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagport.writers.common.literals import text_literal
from dagport.writers.dagster.naming import RESERVED_INPUTS
from dagport.writers.dagster.scope import AssetName


def output_name(name: AssetName) -> str:
    """What the output of an asset is called: as the asset, where Dagster allows that."""
    short = name.key[1]
    return f"{short}_" if short in RESERVED_INPUTS else short


def output_place(name: AssetName) -> dict[str, str]:
    """Where an output's asset is, for ``dg.AssetOut``."""
    prefix, short = name.key
    return {"key_prefix": text_literal(prefix)} if output_name(name) == short else {"key": as_list(name.key)}


def call(function: str, arguments: Mapping[str, str]) -> str:
    """A call with named arguments."""
    return f"{function}({', '.join(f'{name}={text}' for name, text in arguments.items())})"


def as_dict(items: Mapping[str, str]) -> str:
    """A dict of texts to source."""
    return f"{{{', '.join(f'{text_literal(name)}: {text}' for name, text in items.items())}}}"


def as_list(texts: Sequence[str]) -> str:
    """A list of texts."""
    return f"[{', '.join(map(text_literal, texts))}]"


def asset_keys(names: Iterable[AssetName]) -> str:
    """A set of asset keys."""
    keys = [f"dg.AssetKey({as_list(name.key)})" for name in names]
    return f"{{{', '.join(keys)}}}" if keys else "set()"
