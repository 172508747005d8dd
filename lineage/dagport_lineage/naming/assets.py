"""Datasets of assets, by their names in the graph of the file that declares or mentions them."""

from __future__ import annotations

import re

from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming.uris import is_uri, uri_dataset
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

LOGICAL = "asset"  # the namespace of assets that have a name and no URI
ALIASES = ("AssetAlias", "DatasetAlias")
ALIAS = rf"({'|'.join(ALIASES)})"
REFERENCE = r"(\bref|\bAssetUriRef|\bAssetNameRef)"
REFERENCES = re.compile(r"\bref\(|\bAssetUriRef\b")


def asset_dataset(name: str, scope: Scope) -> DatasetName | Unresolved:
    """The dataset of an asset of the file, by its name in the graph.

    An asset with a name alone is a logical dataset: namespace ``asset``, and its name. So is a reference by name to one
    that another file declares: the events of that file say by a ``symlinks`` facet which dataset has that name. What an
    alias stands for is decided in a run.
    """
    text = scope.source.text
    has_aliases = any(word in text for word in ALIASES)
    found = next((asset for asset in scope.graph.assets if asset.name == name), None)
    if found is not None and not (has_aliases and _is_made(ALIAS, name, text)):
        return _asset(name, found.uri)
    if has_aliases and not _is_made(REFERENCE, name, text):
        return Unresolved("runtime", f"`{redact(name)}` may be an alias: what it stands for is decided in a run")
    if any(asset.uri == name for asset in scope.graph.assets) or (is_uri(name) and REFERENCES.search(text)):
        return uri_dataset(name)
    if _is_meant(name, text):
        return DatasetName(LOGICAL, redact(name))
    return Unresolved("opaque", f"the asset `{redact(name)}` isn't declared in this file")


def _asset(name: str, uri: str) -> DatasetName | Unresolved:
    return uri_dataset(uri) if is_uri(uri) else DatasetName(LOGICAL, redact(name))


def _is_made(call: str, name: str, text: str) -> bool:
    """Whether a file says such a call of that very name; the graph has no more than the name."""
    return re.search(rf"{call}\(\s*(\w+\s*=\s*)?['\"]{re.escape(name)}['\"]", text) is not None


def _is_meant(name: str, text: str) -> bool:
    """Whether a file refers to an asset by name: in a reference, or by a parameter of a function that is an asset."""
    reference = rf"\b(ref\(\s*name\s*=|AssetNameRef\(\s*(name\s*=)?)\s*['\"]{re.escape(name)}['\"]"
    if re.search(reference, text):
        return True
    return (
        name.isidentifier()
        and re.search(rf"@asset\b[^@]{{0,1000}}?\bdef \w+\([^)]{{0,1000}}\b{name}\b", text) is not None
    )
