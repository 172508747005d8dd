"""Operators that touch no data: they decide, wait, notify, or say something about other tasks."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope


def nothing(task: Task, scope: Scope) -> Found:
    """Reads nothing, writes nothing."""
    return Found()


STANDARD = "airflow.providers.standard"
HOMES = {
    f"{STANDARD}.operators": (
        "empty.EmptyOperator latest_only.LatestOnlyOperator datetime.BranchDateTimeOperator smooth.SmoothOperator "
        "weekday.BranchDayOfWeekOperator hitl.ApprovalOperator hitl.HITLBranchOperator hitl.HITLEntryOperator "
        "hitl.HITLOperator "
        # The other pipeline moves the data, and has its own lineage.
        "trigger_dagrun.TriggerDagRunOperator"
    ),
    f"{STANDARD}.sensors": (
        "date_time.DateTimeSensor date_time.DateTimeSensorAsync time.TimeSensor time.TimeSensorAsync "
        "time_delta.TimeDeltaSensor time_delta.TimeDeltaSensorAsync time_delta.WaitSensor weekday.DayOfWeekSensor "
        "external_task.ExternalTaskSensor external_task.ExternalTaskMarker filesystem.FileSensor"
    ),
    "airflow.providers": (
        "openlineage.operators.empty.EmptyOperator amazon.aws.operators.sns.SnsPublishOperator "
        "slack.operators.slack.SlackAPIOperator "
        "slack.operators.slack.SlackAPIPostOperator slack.operators.slack_webhook.SlackWebhookOperator "
        "telegram.operators.telegram.TelegramOperator discord.operators.discord_webhook.DiscordWebhookOperator "
        "dingding.operators.dingding.DingdingOperator opsgenie.operators.opsgenie.OpsgenieCreateAlertOperator "
        "opsgenie.operators.opsgenie.OpsgenieCloseAlertOperator "
        "opsgenie.operators.opsgenie.OpsgenieDeleteAlertOperator "
        "atlassian.jira.operators.jira.JiraOperator "
        "amazon.aws.operators.mwaa.MwaaTriggerDagRunOperator "
        "google.cloud.operators.cloud_composer.CloudComposerTriggerDAGRunOperator"
    ),
}

FAMILY = {f"{home}.{name}": nothing for home, names in HOMES.items() for name in names.split()}
