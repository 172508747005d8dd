"""Models of the standard library and of pendulum, dateutil, pytz, yaml: one module of Python, one file.

Each file has ``FUNCTIONS: dict[qualified name, Native]`` and may have ``CONSTANTS: dict[qualified name, value]``. A
file is loaded when a name of its module is first asked for. A function of a package in ``HARMLESS`` that has no model
is still known not to touch the pipelines; its result is unknown.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from dagport.evaluate.domain import Anything, Native

FILES: dict[str, str] = {
    "collections": "collections",
    "contextlib": "contextlib",
    "copy": "copy",
    "dataclasses": "dataclasses",
    "datetime": "datetime",
    "enum": "enum",
    "functools": "functools",
    "itertools": "itertools",
    "json": "json",
    "logging": "logging",
    "os": "os",
    "pendulum": "pendulum",
    "random": "random",
    "re": "re",
    "textwrap": "textwrap",
    "time": "time",
    "typing": "typing",
    "typing_extensions": "typing",
    "zoneinfo": "zoneinfo",
}
"""Top-level module of the analysed code -> the file of this folder that models it."""

HARMLESS: frozenset[str] = frozenset(sys.stdlib_module_names) | {
    "pendulum", "dateutil", "pytz", "yaml", "jinja2", "requests", "httpx", "numpy", "pandas", "polars", "pyarrow", "duckdb",
    "sklearn", "scipy", "xgboost", "lightgbm", "catboost", "torch", "tensorflow", "keras", "mlflow", "wandb", "joblib",
    "boto3", "botocore", "google", "azure", "snowflake", "databricks", "sqlalchemy", "psycopg2", "pymysql", "redis",
    "kubernetes", "docker", "slack_sdk", "pydantic", "attr", "attrs", "toml", "tomli", "simplejson", "orjson", "croniter",
    "bs4", "matplotlib", "seaborn", "plotly", "networkx", "transformers", "datasets", "spacy", "nltk", "openai",
    "great_expectations", "pyspark", "typing_extensions", "colorama", "tenacity", "tqdm", "rich", "structlog", "loguru",
    "dotenv", "cryptography", "paramiko", "pymongo", "elasticsearch", "kafka", "confluent_kafka", "fsspec", "s3fs", "gcsfs",
}  # fmt: skip
"""Packages whose functions don't create tasks: they know nothing of Airflow."""


def _load(name: str) -> ModuleType | None:
    file = FILES.get(name.partition(".")[0])
    return None if file is None else import_module(f"{__name__}.{file}")


def function(name: str) -> Native | None:
    """The model of a function or class by its qualified name."""
    module = _load(name)
    return None if module is None else module.FUNCTIONS.get(name)


def constant(name: str) -> Anything:
    """A known value by its qualified name, else ``NotImplemented``."""
    module = _load(name)
    return NotImplemented if module is None else getattr(module, "CONSTANTS", {}).get(name, NotImplemented)


def is_standard(package: str) -> bool:
    """Whether a top-level package is there wherever Airflow is: the standard library and Airflow's own needs."""
    return package in sys.stdlib_module_names or package in WITH_AIRFLOW


def is_harmless(name: str) -> bool:
    """Whether code of a qualified name is known not to touch pipelines."""
    package = name.partition(".")[0]
    return package in HARMLESS or package == "builtins"


WITH_AIRFLOW = frozenset({"pendulum", "jinja2", "dateutil", "requests", "sqlalchemy", "attr", "attrs"})
