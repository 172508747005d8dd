"""Messages to people."""

from dagport.readers.airflow.operators import Family, Signature

PRESENT = "airflow.providers.smtp.operators.smtp.EmailOperator"

FAMILY = Family(
    kind="notify",
    classes={
        PRESENT: Signature(
            "to subject html_content from_email files cc bcc mime_subtype mime_charset conn_id custom_headers",
            "to",
            "subject html_content from_email files cc bcc mime_subtype mime_charset conn_id custom_headers",
        ),
        # Until Airflow 2 a class of its own, with fewer parameters.
        "airflow.operators.email.EmailOperator": Signature(
            "to subject html_content files",
            "to subject html_content",
            "files cc bcc mime_subtype mime_charset conn_id custom_headers",
        ),
    },
    aliases={"airflow.operators.email_operator.EmailOperator": "airflow.operators.email.EmailOperator"},
    names=r"Email\w*Operator$|^Slack|^Discord|^Telegram|^Opsgenie|^Pagerduty|^Ding[Tt]?|Notif(y|ier)\w*Operator$|^MSTeams",
    rank=35,
)
