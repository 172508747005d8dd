"""boto3: clients and resources of S3; other services of Amazon aren't followed."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import NONE, Data, Entries, Handle, Known, Value, origins_of
from dagport_lineage.extract.callables.libraries.object_hooks import known_text
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage

CLIENT, RESOURCE, BUCKET, OBJECT = "boto3.s3", "boto3.resource", "boto3.bucket", "boto3.object"
SESSION, BODY, RESPONSE = "boto3.session", "boto3.body", "boto3.response"


def s3(bucket: Value, key: Value) -> DatasetName | Unresolved:
    """An object; boto3 takes both as they are."""
    place, name = known_text(bucket, "the bucket"), known_text(key, "the key")
    if isinstance(place, Unresolved):
        return place
    if place.startswith("arn:"):
        return Unresolved("name", "the bucket is given by an access point")
    if isinstance(name, str) and name.startswith("/"):
        return Unresolved("name", "a key that begins with a slash has no form in the naming rules")
    return name if isinstance(name, Unresolved) else storage.s3(place, name)


def _service(kind: str) -> Rule:
    def rule(site: Site) -> Value:
        name = site.text_arg(0, "service_name")
        if locations.is_elsewhere(site):
            return site.gap("both", "name", f"what `{site.text}` talks to has an endpoint of its own, so no known name")
        return (
            Handle(kind)
            if name == "s3"
            else site.gap("both", "callable", f"what the client `{site.text}` does isn't followed")
        )

    return rule


def _get(site: Site) -> Value:
    return Handle(RESPONSE, None, site.read(s3(site.arg(None, "Bucket"), site.arg(None, "Key"))))


def _put(site: Site) -> Value:
    site.write(s3(site.arg(None, "Bucket"), site.arg(None, "Key")), origins_of(site.arg(None, "Body")))
    return Data()


def _delete(site: Site) -> Value:
    site.write(s3(site.arg(None, "Bucket"), site.arg(None, "Key")), frozenset(), "DROP")
    return Data()


def _upload_file(site: Site) -> Value:
    origins = locations.read(site, site.arg(0, "Filename"))
    site.write(s3(site.arg(1, "Bucket"), site.arg(2, "Key")), origins)
    return NONE


def _upload_fileobj(site: Site) -> Value:
    site.write(s3(site.arg(1, "Bucket"), site.arg(2, "Key")), origins_of(site.arg(0, "Fileobj")))
    return NONE


def _download_file(site: Site) -> Value:
    locations.write(site, site.arg(2, "Filename"), site.read(s3(site.arg(0, "Bucket"), site.arg(1, "Key"))))
    return NONE


def _download_fileobj(site: Site) -> Value:
    site.read(s3(site.arg(0, "Bucket"), site.arg(1, "Key")))
    site.walker.record.mixed = True  # the data are in a buffer now
    return NONE


def _source(value: Value) -> DatasetName | Unresolved:
    """``CopySource``: a dict, or ``bucket/key``."""
    value = as_data(value)
    if isinstance(value, Entries) and value.entries is not None:
        return s3(value.entries.get("Bucket", NONE), value.entries.get("Key", NONE))
    if isinstance(value, Known) and isinstance(value.value, str) and "?" not in value.value:
        bucket, _, key = value.value.lstrip("/").partition("/")
        return s3(Known(bucket), Known(key))
    return Unresolved("opaque", "what is copied isn't known")


def _copy_object(site: Site) -> Value:
    origins = site.read(_source(site.arg(None, "CopySource")))
    site.write(s3(site.arg(None, "Bucket"), site.arg(None, "Key")), origins)
    return Data()


def _copy(site: Site) -> Value:
    site.write(s3(site.arg(1, "Bucket"), site.arg(2, "Key")), site.read(_source(site.arg(0, "CopySource"))))
    return NONE


# Resources: ``Bucket(name)`` and ``Object(bucket, key)``


def _bucket(site: Site) -> Value:
    return Handle(BUCKET, known_text(site.arg(0), "the bucket"))


def _object(site: Site) -> Value:
    if site.handle.kind == BUCKET:
        return Handle(OBJECT, _in(site, site.arg(0, "key")))
    return Handle(OBJECT, s3(site.arg(0, "bucket_name"), site.arg(1, "key")))


def _in(site: Site, key: Value) -> DatasetName | Unresolved:
    bucket = site.handle.data
    return bucket if isinstance(bucket, Unresolved) else s3(Known(bucket), key)


def _bucket_upload(site: Site) -> Value:
    site.write(_in(site, site.arg(1, "Key")), locations.read(site, site.arg(0, "Filename")))
    return NONE


def _bucket_put(site: Site) -> Value:
    site.write(_in(site, site.arg(None, "Key")), origins_of(site.arg(None, "Body")))
    return Data()


def _bucket_upload_fileobj(site: Site) -> Value:
    site.write(_in(site, site.arg(1, "Key")), origins_of(site.arg(0, "Fileobj")))
    return NONE


def _bucket_download(site: Site) -> Value:
    locations.write(site, site.arg(1, "Filename"), site.read(_in(site, site.arg(0, "Key"))))
    return NONE


def _object_get(site: Site) -> Value:
    return Handle(RESPONSE, None, site.read(site.handle.data))


def _object_put(site: Site) -> Value:
    site.write(site.handle.data, origins_of(site.arg(None, "Body")))
    return Data()


def _object_upload(site: Site) -> Value:
    site.write(site.handle.data, locations.read(site, site.arg(0, "Filename")))
    return NONE


def _object_download(site: Site) -> Value:
    locations.write(site, site.arg(0, "Filename"), site.read(site.handle.data))
    return NONE


def _object_delete(site: Site) -> Value:
    site.write(site.handle.data, frozenset(), "DROP")
    return Data()


FUNCTIONS: dict[str, Rule] = {
    "boto3.client": _service(CLIENT),
    "boto3.resource": _service(RESOURCE),
    "boto3.Session": lambda site: Handle(SESSION),
    "boto3.session.Session": lambda site: Handle(SESSION),
    "boto3.s3.transfer.TransferConfig": lambda site: Data(),
}
LOOKS = frozenset({
    "head_object", "head_bucket", "list_objects", "list_objects_v2", "list_buckets", "get_paginator", "get_waiter",
    "generate_presigned_url", "get_bucket_location", "close", "get_object_tagging",
})  # fmt: skip

KINDS = {
    SESSION: Kind(methods={"client": _service(CLIENT), "resource": _service(RESOURCE)}),
    CLIENT: Kind(
        methods={
            "get_object": _get,
            "put_object": _put,
            "delete_object": _delete,
            "upload_file": _upload_file,
            "upload_fileobj": _upload_fileobj,
            "download_file": _download_file,
            "download_fileobj": _download_fileobj,
            "copy_object": _copy_object,
            "copy": _copy,
        },
        pure=LOOKS,
    ),
    RESOURCE: Kind(methods={"Bucket": _bucket, "Object": _object}),
    BUCKET: Kind(
        methods={
            "Object": _object,
            "upload_file": _bucket_upload,
            "upload_fileobj": _bucket_upload_fileobj,
            "put_object": _bucket_put,
            "download_file": _bucket_download,
        },
    ),
    OBJECT: Kind(
        methods={
            "get": _object_get,
            "put": _object_put,
            "upload_file": _object_upload,
            "download_file": _object_download,
            "delete": _object_delete,
            "load": nothing,
        },
    ),
    RESPONSE: Kind(is_pure=True, has_fields=True),
    BODY: Kind(is_pure=True, has_fields=True),
}
