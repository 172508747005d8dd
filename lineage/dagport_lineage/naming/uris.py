"""Datasets of URIs, such as those of assets."""

from __future__ import annotations

from urllib.parse import urlsplit

from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.scope import Scope


def asset_dataset(name: str, scope: Scope) -> DatasetName | Unresolved:
    """The dataset of an asset of the file, by its name in the graph."""
    uri = next((asset.uri for asset in scope.graph.assets if asset.name == name), name)
    return uri_dataset(uri)


def uri_dataset(uri: str) -> DatasetName | Unresolved:
    """The dataset of a URI."""
    parts = urlsplit(uri)
    if not parts.scheme:
        return Unresolved("name", f"`{uri}` is no URI")
    return DatasetName(f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/"))
