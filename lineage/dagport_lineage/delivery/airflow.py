"""``[openlineage]`` of Airflow's configuration: where Airflow's own provider would send its events.

Source: apache-airflow-providers-openlineage 2.20.3 (``plugins/adapter.py``, ``conf.py``): a connection, else a file,
else a transport in JSON, and only then OpenLineage's own variables. ``AIRFLOW__OPENLINEAGE__X`` wins over Airflow's
file; that is looked for where a variable says so, and not in the user's folder. What a command or a secrets backend
would say (``transport_cmd``) isn't asked for.
"""

from __future__ import annotations

import configparser
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagport_lineage.delivery.errors import ConfigurationError

log = logging.getLogger(__name__)

SECTION = "AIRFLOW__OPENLINEAGE__"
HOME, CONFIG = "AIRFLOW_HOME", "AIRFLOW_CONFIG"
TARGETS = ("config_conn_id", "config_path", "transport")
OWN = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")


def airflow_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What the section says, by option; a variable wins, even an empty one. A file that can't be read says nothing."""
    found = _of_file(environment)
    for name, text in environment.items():
        if name.startswith(SECTION):
            found[name.removeprefix(SECTION).lower()] = text
    return found


def airflow_target(environment: Mapping[str, str]) -> tuple[Path | None, dict[str, Any] | None]:
    """The file of OpenLineage's configuration, or the transport, that Airflow's configuration names, if any.

    None of them where it turns its provider off: whoever does that names another target. Raises ``ConfigurationError``
    for a connection, which only Airflow can ask for, and for a transport that is no object.
    """
    settings = airflow_settings(environment)
    if is_disabled(environment):
        return None, None
    if settings.get("config_conn_id"):
        raise ConfigurationError(
            "Airflow's configuration takes OpenLineage's from a connection (config_conn_id), which only Airflow can "
            "ask for: set AIRFLOW__OPENLINEAGE__CONFIG_CONN_ID to nothing, and name the target by OPENLINEAGE_URL"
        )
    if settings.get("config_path"):
        return Path(settings["config_path"]), None
    text = settings.get("transport", "").strip()
    if not text:
        return None, None
    try:
        transport = json.loads(text)
    except ValueError:
        transport = None
    if not isinstance(transport, dict):
        raise ConfigurationError("[openlineage] transport of Airflow's configuration is no JSON object")
    return None, transport or None


def is_disabled(environment: Mapping[str, str]) -> bool:
    """Whether Airflow's configuration turns its provider off."""
    return airflow_settings(environment).get("disabled", "").strip().lower() in ("t", "true", "1")


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether Airflow's provider would emit, were it installed: ``conf.is_disabled`` says when it doesn't."""
    off = environment.get("OPENLINEAGE_DISABLED", "").strip().lower() in ("true", "1", "t")
    if off or is_disabled(environment):
        return False
    settings = airflow_settings(environment)
    if any(settings.get(name, "").strip() not in ("", "{}") for name in TARGETS):
        return True
    own = any(environment.get(name) for name in OWN)
    return own or any(name.startswith("OPENLINEAGE__TRANSPORT") and text for name, text in environment.items())


def _of_file(environment: Mapping[str, str]) -> dict[str, str]:
    given, home = environment.get(CONFIG), environment.get(HOME)
    if not given and not home:
        return {}
    path = Path(given) if given else Path(str(home), "airflow.cfg")
    parser = configparser.RawConfigParser(strict=False)
    try:
        if not parser.read(path, encoding="utf-8"):
            return {}
    except (OSError, ValueError, configparser.Error) as error:
        log.warning("lineage: Airflow's configuration %s can't be read: %s", path.name, type(error).__name__)
        return {}
    return dict(parser["openlineage"]) if parser.has_section("openlineage") else {}
