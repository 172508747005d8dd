"""Copying data from one place to another."""

from dagport.readers.airflow.operators import Family, Signature

PRESENT = "airflow.providers.common.sql.operators.generic_transfer.GenericTransfer"

FAMILY = Family(
    kind="transfer",
    classes={
        PRESENT: Signature(
            "source_conn_id destination_conn_id sql destination_table preoperator insert_args page_size "
            "paginated_sql_statement_clause",
            "sql destination_table source_conn_id destination_conn_id",
            "source_hook_params destination_hook_params rows_processor preoperator insert_args page_size "
            "paginated_sql_statement_clause deferrable",
        ),
        "airflow.providers.common.io.operators.file_transfer.FileTransferOperator": None,
        "airflow.providers.sftp.operators.sftp.SFTPOperator": None,
        "airflow.providers.ftp.operators.ftp.FTPFileTransmitOperator": None,
    },
    aliases={"airflow.operators.generic_transfer.GenericTransfer": PRESENT},
    names=r"[a-z0-9A-Z]To[A-Z0-9]\w*Operator$|Transfer\w*Operator$|CopyObjects?Operator$|Synchronize\w*Operator$",
    rank=15,
)
