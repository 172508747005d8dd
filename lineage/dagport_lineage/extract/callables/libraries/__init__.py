"""What the functions of libraries read and write: one library, one file.

A file has ``FUNCTIONS``, a table from qualified names to rules, and ``KINDS``, what can be done with the objects that
these give. A file is loaded when a name of its library is first asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

from dagport_lineage.extract.callables.site import Kind, Rule

FILES: dict[str, str] = {
    "builtins": "files",
    "io": "files",
    "codecs": "files",
    "pathlib": "files",
    "os": "files",
    "shutil": "files",
    "tempfile": "files",
    "gzip": "files",
    "bz2": "files",
    "lzma": "files",
    "pandas": "pandas",
    "modin": "pandas",
    "geopandas": "pandas",
    "dask": "pandas",
    "polars": "polars",
    "pyarrow": "pyarrow",
    "pyspark": "spark",
    "google": "google",
    "azure": "azure",
    "fsspec": "fsspec",
    "s3fs": "fsspec",
    "gcsfs": "fsspec",
    "smart_open": "fsspec",
    "sqlalchemy": "sqlalchemy",
    "psycopg2": "dbapi",
    "psycopg": "dbapi",
    "sqlite3": "dbapi",
    "pymysql": "dbapi",
    "MySQLdb": "dbapi",
    "duckdb": "dbapi",
    "boto3": "boto3",
    "airflow": "airflow",
    "joblib": "models",
    "sklearn": "models",
    "scipy": "models",
    "xgboost": "models",
    "lightgbm": "models",
    "statsmodels": "models",
    "pickle": "models",
    "dill": "models",
    "cloudpickle": "models",
    "torch": "models",
    "numpy": "numpy",
    "mlflow": "models",
    "requests": "http",
    "httpx": "http",
    "urllib": "http",
    "aiohttp": "http",
    "subprocess": "processes",
    "concurrent": "processes",
    "logging": "processes",
    "structlog": "processes",
    "loguru": "processes",
    "yaml": "data",
    "csv": "data",
    "zipfile": "data",
    "tarfile": "data",
    "toml": "data",
    "tomllib": "data",
}
"""Top-level package -> the file of this folder that knows it."""


@cache
def library(name: str) -> ModuleType:
    """One file of this folder."""
    return import_module(f"{__name__}.{name}")


def function(name: str) -> Rule | None:
    """The rule for a function or class by its qualified name."""
    file = FILES.get("airflow" if name.startswith("airflow:") else name.partition(".")[0])
    if file is None:
        return None
    module = library(file)
    if hasattr(module, "canonical"):
        name = module.canonical(name)
    found: Rule | None = module.find(name) if hasattr(module, "find") else module.FUNCTIONS.get(name)
    return found


def kind(name: str) -> Kind:
    """What can be done with the handles of a kind: its name starts with its file."""
    found: Kind = library(name.partition(".")[0]).KINDS[name]
    return found
