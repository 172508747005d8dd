"""Messages: topics, queues and buses."""

from __future__ import annotations

from functools import partial
from typing import Literal

from dagport.graph import Task
from dagport_lineage.extract import bigquery
from dagport_lineage.extract.arguments import Named, argument, map_named
from dagport_lineage.extract.endpoints import Endpoint, reading, transfer, unnamed, writing
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.remote import served
from dagport_lineage.model import Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.connections import Connection
from dagport_lineage.scope import Scope

HOME = "airflow.providers"
PUBSUB = f"{HOME}.google.cloud.operators.pubsub"
BUS = f"{HOME}.microsoft.azure.operators.asb"
SERVERS = "bootstrap.servers"


def pubsub(kind: Literal["topic", "subscription"], name: str, *projects: str) -> Endpoint:
    """A topic or a subscription of Pub/Sub, in the project of the first argument that is set, or of the connection."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        text = argument(task, scope, name)
        if text is None:
            return (Unresolved("runtime", f"`{name}` isn't set, so a run makes a name for the {kind}"),)
        chosen = next((project for project in projects if task.arguments.get(project)), "project_id")
        project = bigquery.project(task, scope, chosen)
        return (map_named(partial(storage.pubsub, kind), project, text),)

    return names


def topic(server: Connection, name: str) -> Named:
    """A topic of Kafka. What begins with ``^`` is a pattern of topics."""
    if name.startswith("^"):
        return Unresolved("runtime", f"which topics fit `{name}`")
    servers = server.setting(SERVERS)
    if servers is None:
        return Unresolved("connection", f"the connection `{server.id}` doesn't say `{SERVERS}`")
    return storage.kafka(servers, name)


def kafka(name: str) -> Endpoint:
    """The topics that an argument names."""
    return served(topic, "kafka_config_id", "kafka_default", name)


TOPIC = pubsub("topic", "topic", "project_id")
SUBSCRIPTION = pubsub("subscription", "subscription", "project_id")

FAMILY = {
    # Airflow's event has the subscription among the outputs, although its messages are read.
    f"{PUBSUB}.PubSubPullOperator": reading(SUBSCRIPTION),
    f"{HOME}.google.cloud.sensors.pubsub.PubSubPullSensor": reading(SUBSCRIPTION),
    f"{PUBSUB}.PubSubPublishMessageOperator": writing(TOPIC, "messages"),
    f"{PUBSUB}.PubSubCreateSubscriptionOperator": transfer(
        TOPIC, pubsub("subscription", "subscription", "subscription_project_id", "project_id")
    ),
    f"{PUBSUB}.PubSubCreateTopicOperator": nothing,
    f"{PUBSUB}.PubSubDeleteSubscriptionOperator": nothing,
    f"{PUBSUB}.PubSubDeleteTopicOperator": nothing,
    f"{HOME}.apache.kafka.operators.consume.ConsumeFromTopicOperator": reading(kafka("topics")),
    f"{HOME}.apache.kafka.operators.produce.ProduceToTopicOperator": writing(kafka("topic"), "producer_function"),
    f"{HOME}.apache.kafka.sensors.kafka.AwaitMessageSensor": reading(kafka("topics")),
    f"{HOME}.apache.kafka.sensors.kafka.AwaitMessageTriggerFunctionSensor": reading(kafka("topics")),
    f"{HOME}.amazon.aws.operators.sqs.SqsPublishOperator": writing(
        unnamed("the SQS queue", "sqs_queue"), "message_content"
    ),
    f"{HOME}.amazon.aws.sensors.sqs.SqsSensor": reading(unnamed("the SQS queue", "sqs_queue")),
    f"{HOME}.amazon.aws.operators.eventbridge.EventBridgePutEventsOperator": writing(
        unnamed("the event bus of EventBridge"), "entries"
    ),
    f"{HOME}.redis.operators.redis_publish.RedisPublishOperator": writing(
        unnamed("the Redis channel", "channel"), "message"
    ),
    f"{HOME}.redis.sensors.redis_pub_sub.RedisPubSubSensor": reading(unnamed("the Redis channel", "channels")),
    f"{BUS}.AzureServiceBusSendMessageOperator": writing(unnamed("the Service Bus queue", "queue_name"), "message"),
    f"{BUS}.AzureServiceBusReceiveMessageOperator": reading(unnamed("the Service Bus queue", "queue_name")),
    f"{BUS}.ASBReceiveSubscriptionMessageOperator": reading(unnamed("the Service Bus topic", "topic_name")),
    f"{HOME}.slack.operators.slack.SlackAPIConversationsHistoryOperator": reading(
        unnamed("the Slack channel", "channel")
    ),
}
