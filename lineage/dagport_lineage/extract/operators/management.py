"""Operators that manage other services, and sensors that ask for their state: they move no data.

A sensor asks whether something is there and doesn't read it; the providers of Airflow claim nothing for theirs either.
"""

from __future__ import annotations

from dagport_lineage.extract.operators.empty import nothing

CLASSES = {
    "airbyte.sensors.airbyte": "AirbyteJobSensor",
    "apache.hive.sensors.hive_partition": "HivePartitionSensor",
    "apache.hive.sensors.metastore_partition": "MetastorePartitionSensor",
    "apache.hive.sensors.named_hive_partition": "NamedHivePartitionSensor",
    "apache.livy.sensors.livy": "LivySensor",
    "atlassian.jira.sensors.jira": "JiraSensor JiraTicketSensor",
    "celery.sensors.celery_queue": "CeleryQueueSensor",
    "cncf.kubernetes.operators.job": "KubernetesDeleteJobOperator KubernetesPatchJobOperator",
    "cncf.kubernetes.operators.kueue": "KubernetesInstallKueueOperator",
    "cncf.kubernetes.operators.resource": "KubernetesDeleteResourceOperator",
    "cncf.kubernetes.sensors.spark_kubernetes": "SparkKubernetesSensor",
    "cohere.operators.embedding": "CohereEmbeddingOperator",
    "cohere.operators.rerank": "CohereRerankOperator",
    "datadog.sensors.datadog": "DatadogSensor",
    "databricks.operators.databricks": "DatabricksCreateJobsOperator",
    "databricks.operators.databricks_workflow": "_CreateDatabricksWorkflowOperator",  # its tasks have rules
    "databricks.operators.databricks_repos": (
        "DatabricksReposCreateOperator DatabricksReposDeleteOperator DatabricksReposUpdateOperator"
    ),
    "databricks.operators.warehouse": "DatabricksStartWarehouseOperator DatabricksStopWarehouseOperator",
    "dbt.cloud.operators.dbt": "DbtCloudListJobRunsOperator DbtCloudListJobsOperator",
    "dbt.cloud.sensors.dbt": "DbtCloudJobRunSensor",
    "ftp.sensors.ftp": "FTPSSensor FTPSensor",
    "http.sensors.http": "HttpSensor",
    "imap.sensors.imap_attachment": "ImapAttachmentSensor",
    "microsoft.azure.operators.adls": "ADLSListOperator",
    "microsoft.azure.operators.ai_agents": (
        "CreateAzureAIAgentOperator DeleteAzureAIAgentOperator UpdateAzureAIAgentOperator"
    ),
    "microsoft.azure.operators.asb": (
        "AzureServiceBusCreateQueueOperator AzureServiceBusDeleteQueueOperator "
        "AzureServiceBusSubscriptionCreateOperator AzureServiceBusSubscriptionDeleteOperator "
        "AzureServiceBusTopicCreateOperator AzureServiceBusTopicDeleteOperator "
        "AzureServiceBusUpdateSubscriptionOperator"
    ),
    "microsoft.azure.operators.compute": (
        "AzureVirtualMachineRestartOperator AzureVirtualMachineStartOperator AzureVirtualMachineStopOperator"
    ),
    "microsoft.azure.operators.powerbi": "PowerBIDatasetListOperator PowerBIWorkspaceListOperator",
    "microsoft.azure.sensors.analysis_services": "AzureAnalysisServicesSensor",
    "microsoft.azure.sensors.compute": "AzureVirtualMachineStateSensor",
    "microsoft.azure.sensors.cosmos": "AzureCosmosDocumentSensor",
    "microsoft.azure.sensors.data_factory": "AzureDataFactoryPipelineRunStatusSensor",
    "microsoft.azure.sensors.msgraph": "MSGraphSensor",
    "microsoft.azure.sensors.wasb": "WasbBlobSensor WasbPrefixSensor",
    "mongo.sensors.mongo": "MongoSensor",
    "openai.operators.openai": "OpenAIEmbeddingOperator OpenAIResponseOperator",
    "opensearch.operators.opensearch": "OpenSearchCreateIndexOperator",
    "pinecone.operators.pinecone": "CreatePodIndexOperator CreateServerlessIndexOperator",
    "redis.sensors.redis_key": "RedisKeySensor",
    "sftp.sensors.sftp": "SFTPSensor",
    "tableau.sensors.tableau": "TableauJobStatusSensor",
    "snowflake.operators.cortex_agent": (
        "SnowflakeCortexAgentCreateOperator SnowflakeCortexAgentDeleteOperator SnowflakeCortexAgentUpdateOperator"
    ),
    "teradata.operators.teradata_compute_cluster": (
        "TeradataComputeClusterDecommissionOperator TeradataComputeClusterProvisionOperator "
        "TeradataComputeClusterResumeOperator TeradataComputeClusterSuspendOperator"
    ),
    "yandex.operators.dataproc": "DataprocCreateClusterOperator DataprocDeleteClusterOperator",
}

FAMILY = {f"airflow.providers.{module}.{name}": nothing for module, names in CLASSES.items() for name in names.split()}
