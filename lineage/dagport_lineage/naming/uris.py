"""Datasets of URIs, such as those of assets.

A table from scheme to rule. Sources: the Naming page of the OpenLineage specification, and for the schemes that have
one, ``sanitize_uri`` and ``convert_asset_to_openlineage`` of Airflow's providers (``<provider>/assets/*.py``), so that
the names are those of the events of a run. Logins are dropped, which the providers do only along with a password.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from dagport.evaluate.needs import is_sensitive
from dagport.passes.templates import has_template
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.addresses import Address, Rule, wrong
from dagport_lineage.naming.tables import TABLES
from dagport_lineage.secrets import redact


def split(uri: str) -> SplitResult | None:
    """The parts of a URI; ``None`` for a text that isn't one, such as ``orders:daily``."""
    try:
        parts = urlsplit(uri, allow_fragments=False)
    except ValueError:
        return None
    return parts if parts.scheme in RULES or (parts.scheme and "://" in uri) else None


def is_uri(text: str) -> bool:
    """Whether a text is a URI, of a scheme that is known or with a host."""
    return split(text) is not None


def uri_dataset(uri: str) -> DatasetName | Unresolved:
    """The dataset of a URI.

    A scheme without a rule: the namespace is ``scheme://authority``, or the scheme alone where there is no authority,
    and the name is the path with the query, ``/`` where there is neither.
    """
    if has_template(uri):
        return Unresolved("template", f"`{_shown(uri)}` is known in a run only")
    address = parsed(uri)
    if isinstance(address, Unresolved):
        return address
    found = RULES.get(address.scheme, _as_written)(address)
    return found if isinstance(found, DatasetName) else Unresolved(found.reason, f"`{_shown(uri)}`: {found.message}")


def _shown(uri: str) -> str:
    """A URI in a message: without what follows the path, where anything may be."""
    return redact(uri).partition("?")[0]


def parsed(uri: str) -> Address | Unresolved:
    """The parts of a URI. The scheme is in small letters, without the driver that follows a ``+``."""
    parts = split(uri)
    if parts is None or len(parts.scheme) == 1:  # a drive of Windows
        return Unresolved("name", f"`{_shown(uri)}` is no URI")
    login, _, place = parts.netloc.rpartition("@")
    if ":" in parts.netloc and "@" in parts.path + parts.query:
        return Unresolved("name", f"`{_shown(uri)}` may have a password in it that isn't written as a URI has it")
    host, _, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    host, port = (host, port) if host else (place, "")
    if port and not port.isdecimal():
        host, port = place, ""
    return Address(
        scheme=parts.scheme.partition("+")[0],
        user="" if ":" in login else login,
        host=host,
        port=int(port) if port else None,
        path=parts.path,
        query=_query(parts.query),
    )


def _query(text: str) -> str:
    pairs = sorted((name, value) for name, value in parse_qsl(text) if not is_sensitive(name))
    return urlencode([(name, value) for name, value in pairs if redact(f"{name}={value}") == f"{name}={value}"])


def _as_written(address: Address) -> DatasetName | Unresolved:
    if address.scheme == "airflow":
        return Unresolved("name", "the scheme is reserved")
    path = address.path.strip("/") + (f"?{address.query}" if address.query else "")
    namespace = f"{address.scheme}://{address.authority}" if address.authority else address.scheme
    found = DatasetName(namespace, path or storage.ROOT)
    return found if redact(str(found)) == str(found) else Unresolved("name", "a secret is part of it")


# Objects, files and topics


def _arn(address: Address) -> DatasetName | Unresolved:
    """Names of Amazon's: a table of Glue's, an object of S3's."""
    _, service, region, account, name = [*address.path.split(":", 4), "", "", "", ""][:5]
    resource = name.split("/")
    if service == "glue" and region and account and resource[0] == "table" and len(resource) == 3 and all(resource):
        return storage.glue(region, account, resource[1], resource[2])
    if service == "s3" and resource[0]:
        return storage.s3(resource[0], "/".join(resource[1:]))
    return wrong("arn:aws:glue:region:account:table/database/table or arn:aws:s3:::bucket/key")


def _bucket(scheme: str) -> Rule:
    def rule(address: Address) -> DatasetName | Unresolved:
        if not address.host:
            return wrong(f"{scheme}://bucket/key")
        return DatasetName(f"{scheme}://{address.authority}", address.path.strip("/") or storage.ROOT)

    return rule


def _container(address: Address) -> DatasetName | Unresolved:
    scheme = "abfss" if address.scheme in ("abfs", "abfss") else "wasbs"
    if not address.user or not address.host:
        return Unresolved("name", "it doesn't say the storage account")
    if scheme == "abfss":
        return storage.azure(address.user, address.host, address.path, scheme="abfss")
    return storage.azure(address.user, address.host, address.path)


def _azure(address: Address) -> DatasetName | Unresolved:
    """A place as Snowflake writes it: the container comes first in the path."""
    container, path = address.segments[0], "/".join(address.segments[1:])
    if not address.host or not container:
        return wrong("azure://account.blob.core.windows.net/container/path")
    return storage.azure(container, address.host, path)


def _file(address: Address) -> DatasetName | Unresolved:
    path = address.path.rstrip("/") or "/"
    if address.host.lower() == "localhost" and address.port is None:
        return storage.file(path)
    if address.host and path == "/":
        return storage.file(f"/{address.authority}")  # as the provider reads `file://name`
    if address.host in (".", "..", "~"):
        return storage.file(f"{address.host}{path}")
    return storage.remote_file(address.host, path, address.port) if address.host else storage.file(path)


def _sftp(address: Address) -> DatasetName | Unresolved:
    """The path is absolute, as where ``SFTPOperator`` emits it; assets of the provider have no slash before it."""
    if not address.is_server:
        return wrong("sftp://host/path")
    return storage.sftp(address.host, address.port, address.path)


def _ftp(address: Address) -> DatasetName | Unresolved:
    """The path starts at the folder of the login, unless it begins with two slashes (RFC 1738)."""
    if not address.is_server:
        return wrong("ftp://host/path")
    return storage.ftp(address.host, address.port, address.path.removeprefix("/"))


def _web(address: Address) -> DatasetName | Unresolved:
    """An address of the web; one that an object store gives to an object is that object."""
    address = replace(address, host=address.host.lower())
    host, path = address.host, address.path.lstrip("/")
    first, _, rest = path.partition("/")
    in_s3 = S3_HOST.fullmatch(host)
    if address.query or not first:
        return _as_written(address)
    if in_s3:
        return storage.s3(in_s3["bucket"], path) if in_s3["bucket"] else storage.s3(first, rest)
    if host == "storage.googleapis.com":
        return storage.gcs(first, rest)
    if host.endswith(".blob.core.windows.net") and rest:
        return storage.azure(first, host, rest)
    return _as_written(address)


def _paths(address: Address) -> DatasetName | Unresolved:
    """HDFS and its like: the path starts with a slash."""
    if not address.host:
        return Unresolved("name", f"it doesn't say the {'workspace' if address.scheme == 'dbfs' else 'host'}")
    if address.scheme == "dbfs":
        return storage.dbfs(address.authority, address.path)
    return storage.hdfs(address.host, address.port, address.path)


def _topic(address: Address) -> DatasetName | Unresolved:
    topic = address.path.strip("/")
    return storage.kafka(address.authority, topic) if address.host and topic else wrong("kafka://host:port/topic")


def _pubsub(address: Address) -> DatasetName | Unresolved:
    parts = [part for part in (address.host, *address.segments) if part]
    if len(parts) == 4 and parts[0] == "projects" and parts[2] == "topics":
        return storage.pubsub("topic", parts[1], parts[3])
    if len(parts) == 4 and parts[0] == "projects" and parts[2] == "subscriptions":
        return storage.pubsub("subscription", parts[1], parts[3])
    return wrong("pubsub://projects/project/topics/topic or pubsub://projects/project/subscriptions/subscription")


S3_HOST = re.compile(r"(?:(?P<bucket>[\w.-]+)\.)?s3(?:[.-][a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?")
RULES: dict[str, Rule] = {
    **TABLES,
    "abfs": _container,
    "abfss": _container,
    "arn": _arn,
    "az": _container,
    "azure": _azure,
    "dbfs": _paths,
    "file": _file,
    "ftp": _ftp,
    "gcs": _bucket("gs"),
    "gs": _bucket("gs"),
    "hdfs": _paths,
    "http": _web,
    "https": _web,
    "kafka": _topic,
    "pubsub": _pubsub,
    "s3": _bucket("s3"),
    "s3a": _bucket("s3"),
    "s3n": _bucket("s3"),
    "sftp": _sftp,
    "wasb": _container,
    "wasbs": _container,
}
