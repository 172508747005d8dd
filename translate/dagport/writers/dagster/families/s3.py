"""S3: the same requests by boto3.

Source: ``S3CopyObjectOperator``, ``S3CreateObjectOperator``, ``S3DeleteObjectsOperator``, ``S3ListOperator`` and
``LocalFilesystemToS3Operator`` of the amazon provider 9, and the methods of ``S3Hook`` that they call. Where an object
is, is said by a bucket and a key, or by a key that is an address; ``s3_place`` reads both.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.values import Template
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.aws import ACCOUNT, CONNECTION
from dagport.writers.dagster.families.table import Carried, Family, Operator, Read, Rule, limited
from dagport.writers.dagster.scope import Scope

START = 's3 = $client.client("s3")\n'
START_IN_REGION = 's3 = $client.client("s3", region_name=$_region)\n'
ADDRESSES = ("s3://", "s3a://", "s3n://")
OF_OBJECT = ("source_bucket_key", "dest_bucket_key", "s3_key", "dest_key")
BUCKET_OF = {
    "source_bucket_key": "source_bucket_name",
    "dest_bucket_key": "dest_bucket_name",
    "s3_key": "s3_bucket",
    "dest_key": "dest_bucket",
}


def check(task: Task, _: Scope) -> None:
    """Keys that are addresses of S3, or have a bucket beside them."""
    for name in OF_OBJECT:
        key = task.arguments.get(name)
        if key is None or task.arguments.get(BUCKET_OF[name]) is not None:
            continue
        text = key.text if isinstance(key, Template) else key
        if not isinstance(text, str) or not text.lower().startswith(ADDRESSES):
            raise Refused(f"its {name} isn't the address of an object: s3://bucket/key")


def place(task: Task, key: str) -> str:
    """The source of a bucket and a key as keyword arguments."""
    bucket = f", $_{BUCKET_OF[key]}" if task.arguments.get(BUCKET_OF[key]) is not None else ""
    return f"s3_place($_{key}{bucket})"


def _start(task: Task) -> str:
    return START_IN_REGION if task.arguments.get("region_name") else START


def _object(name: str) -> dict[str, Rule]:
    return {item: Carried(to=f"_{item}", rendered=True) for item in (name, BUCKET_OF[name])}


def _operator(call: str, rules: dict[str, Rule], *, needs: str, required: str, **more: object) -> Operator:
    return Operator(
        rules={**rules},
        client=ACCOUNT,
        connection=("aws_conn_id", "aws_default"),
        required=tuple(required.split()),
        context=False,
        imports=tuple(f"from {{package}}.s3 import {name}" for name in needs.split(", ")),
        support=("s3",),
        **{"body": lambda task: _start(task) + call, "check": check, **more},  # type: ignore[arg-type]
    )


def copy(task: Task) -> str:
    """One request, and the service copies."""
    source, target = place(task, "source_bucket_key"), place(task, "dest_bucket_key")
    version = ', "VersionId": $_version' if task.arguments.get("source_version_id") is not None else ""
    taken = f"{{**{source}{version}}}" if version else source
    rest = ", $arguments" if task.arguments.get("acl_policy") != "no-acl" else ""
    return f"{_start(task)}s3.copy_object(**{target}, CopySource={taken}{rest})"


def check_copy(task: Task, scope: Scope) -> None:
    """A copy whose rights are known."""
    check(task, scope)
    if not isinstance(task.arguments.get("acl_policy", ""), str | None):
        raise Refused("its acl_policy isn't known")
    if task.arguments.get("acl_policy") == "no-acl" and task.arguments.get("meta_data_directive") is not None:
        raise Refused("it sets no ACL, and other things")


COPY = _operator(
    "",
    {
        **_object("source_bucket_key"),
        **_object("dest_bucket_key"),
        "source_version_id": Carried(to="_version"),
        "acl_policy": Carried(to="ACL", absent="private"),
        "meta_data_directive": Carried(to="MetadataDirective"),
        **limited("kms_key_id kms_encryption_type", why="it encrypts with a key of its own"),
        **CONNECTION,
    },
    needs="s3_place",
    required="source_bucket_key dest_bucket_key",
    body=copy,
    check=check_copy,
)


def create(task: Task) -> str:
    """The text as an object, unless there is one."""
    return f"{_start(task)}put_object(s3, $_data.encode(), **{place(task, 's3_key')}, $arguments)"


def check_create(task: Task, scope: Scope) -> None:
    """Data that is text: bytes and results have ways of their own."""
    check(task, scope)
    if not isinstance(task.arguments.get("data"), str | Template):
        raise Refused("its data isn't a text")


UPLOAD: dict[str, Rule] = {
    "replace": Carried(to="replace", absent=False),
    "encrypt": Carried(to="encrypt"),
    "acl_policy": Carried(to="acl"),
}
CREATE = _operator(
    "",
    {
        **_object("s3_key"),
        "data": Carried(to="_data", rendered=True),
        **UPLOAD,
        **limited("encoding", "utf-8", why="its text is encoded in another way"),
        **limited("compression", why="it is compressed"),
        **CONNECTION,
    },
    needs="put_object, s3_place",
    required="s3_key data",
    body=create,
    check=check_create,
)


def load(task: Task) -> str:
    """A file as an object, unless there is one."""
    return f"{START}put_file(s3, $_filename, **{place(task, 'dest_key')}, $arguments)"


LOAD = _operator(
    "",
    {
        "filename": Carried(to="_filename", rendered=True),
        **_object("dest_key"),
        **UPLOAD,
        **limited("gzip", False, why="it is compressed"),
        "aws_conn_id": Read(kind=str, rendered=True),
        **limited("verify", True, why="it changes how certificates are checked"),
    },
    needs="put_file, s3_place",
    required="filename dest_key",
    body=load,
)


def delete(task: Task) -> str:
    """The objects with these keys, or those whose keys begin alike."""
    keys = "$_keys" if task.arguments.get("keys") is not None else "list_keys(s3, $_bucket, prefix=$_prefix)"
    return f"{_start(task)}delete_keys(s3, $_bucket, {keys})"


def check_delete(task: Task, _: Scope) -> None:
    """Either keys or their beginning: Airflow fails with both and with neither."""
    if (task.arguments.get("keys") is None) == (task.arguments.get("prefix") is None):
        raise Refused("it has both keys and a prefix or neither, and Airflow fails")


DELETE = _operator(
    "",
    {
        "bucket": Carried(to="_bucket", rendered=True),
        "keys": Carried(to="_keys", rendered=True),
        "prefix": Carried(to="_prefix", rendered=True),
        **limited("from_datetime to_datetime", why="it deletes by the time of the last change"),
        **CONNECTION,
    },
    needs="delete_keys, list_keys",
    required="bucket",
    body=delete,
    check=check_delete,
)
LIST = _operator(
    "return list_keys(s3, $_bucket, $arguments)",
    {
        "bucket": Carried(to="_bucket", rendered=True),
        "prefix": Carried(to="prefix", rendered=True, absent=""),
        "delimiter": Carried(to="delimiter", rendered=True),
        "apply_wildcard": Carried(to="wildcard"),
        **CONNECTION,
    },
    needs="list_keys",
    required="bucket",
    result=VALUE,
)
HOME = "airflow.providers.amazon.aws"
FAMILY = Family(
    title="S3CopyObjectOperator, S3CreateObjectOperator, S3DeleteObjectsOperator, S3ListOperator, "
    "LocalFilesystemToS3Operator",
    fidelity="native",
    note="the same requests by boto3; the credentials are boto3's own",
    operators={
        f"{HOME}.operators.s3.S3CopyObjectOperator": COPY,
        f"{HOME}.operators.s3.S3CreateObjectOperator": CREATE,
        f"{HOME}.operators.s3.S3DeleteObjectsOperator": DELETE,
        f"{HOME}.operators.s3.S3ListOperator": LIST,
        f"{HOME}.transfers.local_to_s3.LocalFilesystemToS3Operator": LOAD,
    },
)
