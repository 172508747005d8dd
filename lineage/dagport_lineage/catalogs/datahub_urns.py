"""How DataHub names what OpenLineage names.

Sources: DataHub's documentation of URNs (a name's commas and brackets are escaped), and the names that its own sources
give to tables and files, so that what is exported meets what was ingested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from dagport_lineage.model import DatasetName
from dagport_lineage.network import JobName

ESCAPES = str.maketrans({",": "%2C", "(": "%28", ")": "%29", "\u241f": "%E2%90%9F"})
PLATFORMS: Mapping[str, str] = {
    "abfs": "abs",
    "abfss": "abs",
    "arn": "glue",
    "awsathena": "athena",
    "awsglue": "glue",
    "bigquery": "bigquery",
    "cassandra": "cassandra",
    "clickhouse": "clickhouse",
    "databricks": "databricks",
    "db2": "db2",
    "dbfs": "dbfs",
    "file": "file",
    "gcs": "gcs",
    "gs": "gcs",
    "hdfs": "hdfs",
    "hive": "hive",
    "kafka": "kafka",
    "mariadb": "mariadb",
    "mongodb": "mongodb",
    "mssql": "mssql",
    "mysql": "mysql",
    "oracle": "oracle",
    "postgres": "postgres",
    "postgresql": "postgres",
    "presto": "presto",
    "pubsub": "pubsub",
    "redshift": "redshift",
    "s3": "s3",
    "s3a": "s3",
    "s3n": "s3",
    "sftp": "sftp",
    "snowflake": "snowflake",
    "spanner": "spanner",
    "sqlserver": "mssql",
    "teradata": "teradata",
    "trino": "trino",
    "unitycatalog": "databricks",
    "wasb": "abs",
    "wasbs": "abs",
}
"""Scheme of a namespace to DataHub's platform. Others stand under their scheme, which DataHub shows as it is."""
LOWER_CASE = ("snowflake",)  # DataHub's source for it writes names and columns so, unless told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a user of DataHub chose there."""

    env: str = "PROD"  # of datasets
    cluster: str = "prod"  # of flows, as DataHub's Airflow plugin has it
    orchestrator: str = "airflow"
    instances: Mapping[str, str] = field(default_factory=dict)  # namespace to platform instance

    def platform(self, dataset: DatasetName) -> str:
        """The platform of a dataset."""
        scheme = _scheme(dataset.namespace)
        return PLATFORMS.get(scheme, re.sub(r"[^a-z0-9_.-]", "-", scheme))

    def name(self, dataset: DatasetName) -> str:
        """Its name inside its platform, the instance not included."""
        platform, parts = self.platform(dataset), urlsplit(dataset.namespace)
        name = dataset.name.lower() if platform in LOWER_CASE else dataset.name
        if platform in ("s3", "gcs"):
            return "/".join(filter(None, (parts.netloc, name.strip("/"))))
        if platform == "abs":  # abfss://container@account.dfs.core.windows.net; DataHub leaves the account out
            return "/".join(filter(None, (parts.netloc.partition("@")[0], name.strip("/"))))
        return name.strip("/") if platform in ("hdfs", "dbfs") else name

    def dataset(self, dataset: DatasetName) -> str:
        """The URN of a dataset."""
        instance = self.instances.get(dataset.namespace)
        name = self.name(dataset)
        full = f"{instance}.{name}" if instance else name
        return f"urn:li:dataset:(urn:li:dataPlatform:{self.platform(dataset)},{full.translate(ESCAPES)},{self.env})"

    def column(self, dataset: DatasetName, column: str) -> str:
        """The URN of a column."""
        return f"urn:li:schemaField:({self.dataset(dataset)},{self.field(dataset, column).translate(ESCAPES)})"

    def field(self, dataset: DatasetName, column: str) -> str:
        """The path of a column in a schema."""
        return column.lower() if self.platform(dataset) in LOWER_CASE else column

    def flow(self, pipeline: JobName) -> str:
        """The URN of a pipeline."""
        return f"urn:li:dataFlow:({self.orchestrator},{pipeline.name.translate(ESCAPES)},{self.cluster})"

    def job(self, pipeline: JobName, task: str) -> str:
        """The URN of a task."""
        return f"urn:li:dataJob:({self.flow(pipeline)},{task.translate(ESCAPES)})"


def _scheme(namespace: str) -> str:
    scheme = namespace.partition(":")[0] if ":" in namespace else namespace
    return scheme.strip().lower() or "unknown"
