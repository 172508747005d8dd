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
    "abc": "system",
    "ast": "ast",
    "base64": "text",
    "bisect": "algorithms",
    "calendar": "calendar",
    "collections": "collections",
    "contextlib": "contextlib",
    "configparser": "configparser",
    "copy": "copy",
    "csv": "csv",
    "dataclasses": "dataclasses",
    "datetime": "datetime",
    "dateutil": "dateutil",
    "dotenv": "environment",
    "enum": "enum",
    "functools": "functools",
    "gc": "system",
    "glob": "glob",
    "hashlib": "text",
    "heapq": "algorithms",
    "html": "text",
    "importlib": "importlib",
    "io": "io",
    "itertools": "itertools",
    "jinja2": "jinja2",
    "json": "json",
    "logging": "logging",
    "math": "math",
    "operator": "operator",
    "os": "os",
    "packaging": "packaging",
    "pathlib": "pathlib",
    "pendulum": "pendulum",
    "platform": "system",
    "pytz": "pytz",
    "random": "random",
    "re": "re",
    "secrets": "text",
    "shlex": "text",
    "statistics": "math",
    "string": "text",
    "sys": "system",
    "textwrap": "textwrap",
    "threading": "system",
    "shutil": "shutil",
    "tempfile": "shutil",
    "time": "time",
    "toml": "tomllib",
    "tomli": "tomllib",
    "tomllib": "tomllib",
    "types": "system",
    "typing": "typing",
    "typing_extensions": "typing",
    "unicodedata": "text",
    "urllib": "text",
    "uuid": "text",
    "warnings": "system",
    "yaml": "yaml",
    "zoneinfo": "zoneinfo",
}
"""Top-level module of the analysed code -> the file of this folder that models it."""

RUNS_CODE = frozenset({
    "__main__", "_thread", "asyncio", "bdb", "cProfile", "code", "codeop", "concurrent", "ctypes", "doctest", "imp",
    "importlib", "inspect", "multiprocessing", "pdb", "pickle", "profile", "runpy", "sched", "shelve", "threading",
    "timeit", "trace", "unittest", "zipimport",
})  # fmt: skip
"""Standard modules that run code they are given, or that reach into what is running."""

HARMLESS: frozenset[str] = (frozenset(sys.stdlib_module_names) - RUNS_CODE) | {
    "pendulum", "dateutil", "pytz", "yaml", "jinja2", "requests", "httpx", "numpy", "pandas", "polars", "pyarrow",
    "duckdb", "sklearn", "scipy", "xgboost", "lightgbm", "catboost", "torch", "tensorflow", "keras", "mlflow",
    "wandb", "joblib", "boto3", "botocore", "google", "azure", "snowflake", "databricks", "sqlalchemy", "psycopg2",
    "psycopg", "pymysql", "redis", "kubernetes", "docker", "slack_sdk", "pydantic", "attr", "attrs", "toml", "tomli",
    "simplejson", "orjson", "croniter", "bs4", "lxml", "matplotlib", "seaborn", "plotly", "networkx", "transformers",
    "datasets", "spacy", "nltk", "openai", "great_expectations", "pyspark", "typing_extensions", "colorama",
    "tenacity", "tqdm", "rich", "structlog", "loguru", "dotenv", "cryptography", "paramiko", "pymongo",
    "elasticsearch", "kafka", "confluent_kafka", "fsspec", "s3fs", "gcsfs", "aiohttp", "urllib3", "certifi", "markdown",
    "openpyxl", "xlrd", "pyodbc", "cx_Oracle", "oracledb", "clickhouse_driver", "trino", "pymssql", "statsmodels",
    "prophet", "optuna", "hydra", "omegaconf", "jsonschema", "marshmallow", "packaging", "six", "cachetools",
}  # fmt: skip
"""Packages whose functions don't create tasks: they know nothing of Airflow."""

SAFE_PARTS = ("importlib.metadata.", "importlib.resources.", "importlib.util.find_spec", "inspect.cleandoc")


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
    return package in HARMLESS or package == "builtins" or name.startswith(SAFE_PARTS)


WITH_AIRFLOW = frozenset({"pendulum", "jinja2", "dateutil", "requests", "sqlalchemy", "attr", "attrs"})
