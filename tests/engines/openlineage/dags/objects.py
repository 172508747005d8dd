"""Objects and files that operators copy; the object store can't be reached, the local files are real."""

from airflow.providers.amazon.aws.operators.s3 import (
    S3CopyObjectOperator,
    S3CreateObjectOperator,
    S3DeleteObjectsOperator,
    S3FileTransformOperator,
)
from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers.sftp.operators.sftp import SFTPOperator
from airflow.sdk import DAG

with DAG("objects", schedule=None, default_args={"aws_conn_id": "store"}):
    S3CopyObjectOperator(
        task_id="copy",
        source_bucket_name="raw",
        source_bucket_key="orders/2026.csv",
        dest_bucket_name="clean",
        dest_bucket_key="orders.csv",
    )
    S3CopyObjectOperator(
        task_id="copy_urls", source_bucket_key="s3://raw/a/b.csv", dest_bucket_key="s3://clean/{{ dag.dag_id }}/b.csv"
    )
    S3CreateObjectOperator(task_id="create", s3_bucket="clean", s3_key="done", data="x")
    S3FileTransformOperator(
        task_id="transform",
        source_s3_key="s3://raw/orders.csv",
        dest_s3_key="s3://clean/orders.json",
        transform_script="/bin/cp",
    )
    S3DeleteObjectsOperator(task_id="delete", bucket="clean", keys=["a", "b"])

with DAG("files", schedule=None):
    FileTransferOperator(task_id="local", src="/data/in.csv", dst="file:///data/out.csv")
    FileTransferOperator(task_id="remote", src="s3://store@raw/in.csv", dst="file:///data/copy.csv")
    SFTPOperator(
        task_id="put",
        ssh_conn_id="server",
        local_filepath="/data/in.csv",
        remote_filepath="/srv/in.csv",
        operation="put",
    )
    SFTPOperator(
        task_id="get",
        ssh_conn_id="server",
        local_filepath="/data/out.csv",
        remote_filepath="/srv/out.csv",
        operation="get",
    )
