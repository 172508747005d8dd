"""Operators that manage AWS services, and sensors that ask for their state: they move no data."""

from __future__ import annotations

from dagport_lineage.extract.operators.empty import nothing

CLASSES = {
    "operators.appflow": "AppflowRecordsShortCircuitOperator",
    "operators.batch": "BatchCreateComputeEnvironmentOperator",
    "operators.bedrock": (
        "BedrockCreateAgentRuntimeOperator BedrockCreateDataSourceOperator BedrockCreateGuardrailOperator "
        "BedrockCreateGuardrailVersionOperator BedrockCreateKnowledgeBaseOperator "
        "BedrockCreateProvisionedModelThroughputOperator BedrockDeleteAgentRuntimeOperator "
        "BedrockDeleteGuardrailOperator BedrockInvokeModelOperator "
        "BedrockUpdateGuardrailOperator"
    ),
    "operators.cloud_formation": "CloudFormationCreateStackOperator CloudFormationDeleteStackOperator",
    "operators.dms": (
        "DmsCreateReplicationConfigOperator DmsCreateTaskOperator DmsDeleteReplicationConfigOperator "
        "DmsDeleteTaskOperator DmsDescribeReplicationConfigsOperator DmsDescribeReplicationsOperator "
        "DmsDescribeTasksOperator DmsModifyTaskOperator DmsStopReplicationOperator DmsStopTaskOperator"
    ),
    "operators.ec2": (
        "EC2CreateInstanceOperator EC2HibernateInstanceOperator EC2RebootInstanceOperator EC2StartInstanceOperator "
        "EC2StopInstanceOperator EC2TerminateInstanceOperator"
    ),
    "operators.ecr": "EcrCreateRepositoryOperator EcrDeleteRepositoryOperator EcrSetRepositoryPolicyOperator",
    "operators.ecs": (
        "EcsCreateClusterOperator EcsDeleteClusterOperator EcsDeregisterTaskDefinitionOperator "
        "EcsRegisterTaskDefinitionOperator"
    ),
    "operators.eks": (
        "EksCreateClusterOperator EksCreateFargateProfileOperator EksCreateNodegroupOperator EksDeleteClusterOperator "
        "EksDeleteFargateProfileOperator EksDeleteNodegroupOperator"
    ),
    "operators.emr": (
        "EmrEksCreateClusterOperator EmrModifyClusterOperator EmrServerlessCreateApplicationOperator "
        "EmrServerlessDeleteApplicationOperator EmrServerlessGetSessionEndpointOperator "
        "EmrServerlessStartSessionOperator EmrServerlessStopApplicationOperator EmrServerlessStopSessionOperator "
        "EmrStopNotebookExecutionOperator EmrTerminateJobFlowOperator"
    ),
    "operators.eventbridge": "EventBridgeDisableRuleOperator EventBridgeEnableRuleOperator EventBridgePutRuleOperator",
    "operators.glacier": "GlacierCreateJobOperator",
    "operators.glue": "GlueDataQualityOperator",
    "operators.glue_catalog": "GlueCatalogCreateDatabaseOperator GlueCatalogDeleteDatabaseOperator",
    "operators.glue_crawler": "GlueCrawlerCreateOperator GlueCrawlerDeleteOperator GlueCrawlerUpdateOperator",
    "operators.kinesis_analytics": (
        "KinesisAnalyticsV2CreateApplicationOperator KinesisAnalyticsV2StopApplicationOperator"
    ),
    "operators.lambda_function": "LambdaCreateFunctionOperator",
    "operators.mwaa_serverless": (
        "MwaaServerlessCreateWorkflowOperator MwaaServerlessDeleteWorkflowOperator "
        "MwaaServerlessStopWorkflowRunOperator MwaaServerlessUpdateWorkflowOperator"
    ),
    "operators.neptune": "NeptuneStartDbClusterOperator NeptuneStopDbClusterOperator",
    "operators.neptune_analytics": (
        "NeptuneCancelImportTaskOperator NeptuneCreateGraphOperator NeptuneCreatePrivateGraphEndpointOperator "
        "NeptuneDeleteGraphOperator NeptuneDeletePrivateGraphEndpointOperator"
    ),
    "operators.opensearch_serverless": "OpenSearchServerlessCreateCollectionOperator",
    "operators.rds": (
        "RdsCancelExportTaskOperator RdsCopyDbSnapshotOperator RdsCreateDbInstanceOperator "
        "RdsCreateDbSnapshotOperator RdsCreateEventSubscriptionOperator RdsDeleteDbInstanceOperator "
        "RdsDeleteDbSnapshotOperator RdsDeleteEventSubscriptionOperator RdsStartDbOperator RdsStopDbOperator"
    ),
    "operators.redshift_cluster": (
        "RedshiftCreateClusterOperator RedshiftCreateClusterSnapshotOperator RedshiftDeleteClusterOperator "
        "RedshiftDeleteClusterSnapshotOperator RedshiftPauseClusterOperator RedshiftResumeClusterOperator"
    ),
    "operators.s3": (
        "S3CreateBucketOperator S3DeleteBucketOperator S3DeleteBucketTaggingOperator S3GetBucketTaggingOperator "
        "S3ListOperator S3ListPrefixesOperator S3PutBucketTaggingOperator"
    ),
    "operators.s3_tables": (
        "S3TablesCreateNamespaceOperator S3TablesCreateTableBucketOperator S3TablesDeleteNamespaceOperator "
        "S3TablesDeleteTableBucketOperator S3TablesDeleteTableBucketPolicyOperator "
        "S3TablesPutTableBucketPolicyOperator"
    ),
    "operators.s3_vectors": (
        "S3VectorsCreateIndexOperator S3VectorsCreateVectorBucketOperator S3VectorsDeleteIndexOperator "
        "S3VectorsDeleteVectorBucketOperator"
    ),
    "operators.sagemaker": (
        "SageMakerConditionOperator SageMakerCreateExperimentOperator SageMakerCreateNotebookOperator "
        "SageMakerDeleteModelOperator SageMakerDeleteNotebookOperator SageMakerEndpointConfigOperator "
        "SageMakerEndpointOperator SageMakerModelOperator SageMakerRegisterModelVersionOperator "
        "SageMakerStartNoteBookOperator SageMakerStopNotebookOperator SageMakerStopPipelineOperator"
    ),
    "operators.ssm": "SsmGetCommandInvocationOperator",
    "operators.step_function": "StepFunctionGetExecutionOutputOperator",
    "sensors.athena": "AthenaSensor",
    "sensors.athena_spark": "AthenaSparkSensor",
    "sensors.batch": "BatchComputeEnvironmentSensor BatchJobQueueSensor BatchSensor",
    "sensors.bedrock": (
        "BedrockBatchInferenceSensor BedrockCustomizeModelCompletedSensor BedrockIngestionJobSensor "
        "BedrockKnowledgeBaseActiveSensor BedrockProvisionModelThroughputCompletedSensor"
    ),
    "sensors.cloud_formation": "CloudFormationCreateStackSensor CloudFormationDeleteStackSensor",
    "sensors.comprehend": (
        "ComprehendCreateDocumentClassifierCompletedSensor ComprehendStartPiiEntitiesDetectionJobCompletedSensor"
    ),
    "sensors.dms": "DmsTaskCompletedSensor",
    "sensors.dynamodb": "DynamoDBValueSensor",
    "sensors.ec2": "EC2InstanceStateSensor",
    "sensors.ecs": "EcsClusterStateSensor EcsTaskDefinitionStateSensor EcsTaskStateSensor",
    "sensors.eks": "EksClusterStateSensor EksFargateProfileStateSensor EksNodegroupStateSensor",
    "sensors.emr": (
        "EmrContainerSensor EmrJobFlowSensor EmrNotebookExecutionSensor EmrServerlessApplicationSensor "
        "EmrServerlessJobSensor EmrStepSensor"
    ),
    "sensors.glacier": "GlacierJobOperationSensor",
    "sensors.glue": (
        "GlueDataQualityRuleRecommendationRunSensor GlueDataQualityRuleSetEvaluationRunSensor GlueJobSensor"
    ),
    "sensors.glue_catalog_partition": "GlueCatalogPartitionSensor",
    "sensors.glue_crawler": "GlueCrawlerSensor",
    "sensors.kinesis_analytics": (
        "KinesisAnalyticsV2StartApplicationCompletedSensor KinesisAnalyticsV2StopApplicationCompletedSensor"
    ),
    "sensors.lambda_function": "LambdaFunctionStateSensor",
    "sensors.mwaa": "MwaaDagRunSensor MwaaTaskSensor",
    "sensors.mwaa_serverless": "MwaaServerlessWorkflowRunSensor",
    "sensors.opensearch_serverless": "OpenSearchServerlessCollectionActiveSensor",
    "sensors.quicksight": "QuickSightSensor",
    "sensors.rds": "RdsDbSensor RdsExportTaskExistenceSensor RdsSnapshotExistenceSensor",
    "sensors.redshift_cluster": "RedshiftClusterSensor",
    "sensors.s3": "S3KeySensor S3KeysUnchangedSensor",
    "sensors.sagemaker": (
        "SageMakerAutoMLSensor SageMakerEndpointSensor SageMakerPipelineSensor SageMakerProcessingSensor "
        "SageMakerTrainingSensor SageMakerTransformSensor SageMakerTuningSensor"
    ),
    "sensors.sagemaker_unified_studio": "SageMakerNotebookSensor",
    "sensors.sagemaker_unified_studio_notebook": "SageMakerUnifiedStudioNotebookSensor",
    "sensors.ssm": "SsmRunCommandCompletedSensor",
    "sensors.step_function": "StepFunctionExecutionSensor",
}

FAMILY = {
    f"airflow.providers.amazon.aws.{module}.{name}": nothing
    for module, names in CLASSES.items()
    for name in names.split()
}
