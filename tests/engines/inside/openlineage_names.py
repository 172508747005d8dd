"""Names that Airflow's OpenLineage provider gives: the datasets of assets, the databases behind connections.

The argument is a JSON file: ``{"assets": {uri: ...}, "connections": {id: ...}, "hooks": [[class, id, arguments, ...]],
"accounts": {account: ...}}``. The answers are printed in its form, on the last line; what isn't installed is left out.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.providers.openlineage.sqlparser import SQLParser
from airflow.providers.openlineage.utils.utils import translate_airflow_asset
from airflow.sdk import Asset
from airflow.sdk.bases.hook import BaseHook

MISSING = (ModuleNotFoundError, AttributeError)


def dataset(uri: str) -> list[str] | str | None:
    """Namespace and name of an asset's dataset; ``None`` without a converter, an error's class where one refuses it."""
    try:
        found = translate_airflow_asset(Asset("it", uri), None)
    except ValueError as error:
        return type(error).__name__
    return found and [found.namespace, found.name]


def database(name: str, conn_id: str, arguments: dict[str, str]) -> dict[str, Any] | None:
    """What a hook says of its database; ``None`` where it says nothing. Raises ``MISSING`` without its provider."""
    module, _, class_name = name.rpartition(".")
    hook = getattr(importlib.import_module(module), class_name)(**arguments)
    connection = BaseHook.get_connection(conn_id)
    info = hook.get_openlineage_database_info(connection)
    if info is None:
        return None
    return {
        "namespace": SQLParser.create_namespace(info),
        "dialect": hook.get_openlineage_database_dialect(connection),
        "database": info.database,
        "upper": info.is_uppercase_names,
    }


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """The answers to all questions."""
    for conn_id, fields in asked["connections"].items():
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = fields if isinstance(fields, str) else json.dumps(fields)
    hooks = []
    for name, conn_id, arguments, *_ in asked["hooks"]:
        with suppress(*MISSING):
            hooks.append([name, conn_id, arguments, database(name, conn_id, arguments)])
    accounts = {}
    with suppress(*MISSING):
        fix = importlib.import_module("airflow.providers.snowflake.utils.openlineage").fix_account_name
        accounts = {account: fix(account) for account in asked["accounts"]}
    assets = {uri: dataset(uri) for uri in asked["assets"]}
    return {"assets": assets, "hooks": hooks, "accounts": accounts}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))) + "\n")
