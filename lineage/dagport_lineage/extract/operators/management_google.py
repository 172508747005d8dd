"""Operators that manage Google services, and sensors that ask for their state: they move no data."""

from __future__ import annotations

from dagport_lineage.extract.operators.empty import nothing

CLASSES = {
    "cloud.operators.alloy_db": (
        "AlloyDBCreateBackupOperator AlloyDBCreateClusterOperator AlloyDBCreateInstanceOperator "
        "AlloyDBCreateUserOperator AlloyDBDeleteBackupOperator AlloyDBDeleteClusterOperator "
        "AlloyDBDeleteInstanceOperator AlloyDBDeleteUserOperator AlloyDBUpdateBackupOperator "
        "AlloyDBUpdateClusterOperator AlloyDBUpdateInstanceOperator AlloyDBUpdateUserOperator"
    ),
    "cloud.operators.bigquery_dts": "BigQueryDeleteDataTransferConfigOperator",
    "cloud.operators.bigtable": (
        "BigtableCreateInstanceOperator BigtableDeleteInstanceOperator BigtableUpdateClusterOperator "
        "BigtableUpdateInstanceOperator"
    ),
    "cloud.operators.cloud_batch": "CloudBatchDeleteJobOperator CloudBatchListJobsOperator CloudBatchListTasksOperator",
    "cloud.operators.cloud_build": (
        "CloudBuildCancelBuildOperator CloudBuildCreateBuildTriggerOperator CloudBuildDeleteBuildTriggerOperator "
        "CloudBuildGetBuildOperator CloudBuildGetBuildTriggerOperator CloudBuildListBuildTriggersOperator "
        "CloudBuildListBuildsOperator CloudBuildUpdateBuildTriggerOperator"
    ),
    "cloud.operators.cloud_composer": (
        "CloudComposerCreateEnvironmentOperator CloudComposerDeleteEnvironmentOperator "
        "CloudComposerGetEnvironmentOperator CloudComposerListEnvironmentsOperator "
        "CloudComposerListImageVersionsOperator CloudComposerUpdateEnvironmentOperator"
    ),
    "cloud.operators.cloud_logging_sink": (
        "CloudLoggingCreateSinkOperator CloudLoggingDeleteSinkOperator CloudLoggingListSinksOperator "
        "CloudLoggingUpdateSinkOperator"
    ),
    "cloud.operators.cloud_memorystore": (
        "CloudMemorystoreCreateInstanceOperator CloudMemorystoreDeleteInstanceOperator "
        "CloudMemorystoreFailoverInstanceOperator CloudMemorystoreGetInstanceOperator "
        "CloudMemorystoreListInstancesOperator CloudMemorystoreMemcachedApplyParametersOperator "
        "CloudMemorystoreMemcachedCreateInstanceOperator CloudMemorystoreMemcachedDeleteInstanceOperator "
        "CloudMemorystoreMemcachedGetInstanceOperator CloudMemorystoreMemcachedListInstancesOperator "
        "CloudMemorystoreMemcachedUpdateInstanceOperator CloudMemorystoreMemcachedUpdateParametersOperator "
        "CloudMemorystoreScaleInstanceOperator CloudMemorystoreUpdateInstanceOperator"
    ),
    "cloud.operators.cloud_monitoring": (
        "CloudMonitoringDeleteAlertOperator CloudMonitoringDeleteNotificationChannelOperator "
        "CloudMonitoringDisableAlertPoliciesOperator CloudMonitoringDisableNotificationChannelsOperator "
        "CloudMonitoringEnableAlertPoliciesOperator CloudMonitoringEnableNotificationChannelsOperator "
        "CloudMonitoringListAlertPoliciesOperator CloudMonitoringListNotificationChannelsOperator "
        "CloudMonitoringUpsertAlertOperator CloudMonitoringUpsertNotificationChannelOperator"
    ),
    "cloud.operators.cloud_run": (
        "CloudRunCreateJobOperator CloudRunCreateServiceOperator CloudRunDeleteJobOperator "
        "CloudRunDeleteServiceOperator CloudRunListJobsOperator CloudRunUpdateJobOperator"
    ),
    "cloud.operators.cloud_sql": (
        "CloudSQLCreateInstanceDatabaseOperator CloudSQLCreateInstanceOperator "
        "CloudSQLDeleteInstanceDatabaseOperator CloudSQLDeleteInstanceOperator CloudSQLInstancePatchOperator "
        "CloudSQLPatchInstanceDatabaseOperator"
    ),
    "cloud.operators.cloud_storage_transfer_service": (
        "CloudDataTransferServiceCancelOperationOperator CloudDataTransferServiceDeleteJobOperator "
        "CloudDataTransferServiceGetOperationOperator CloudDataTransferServiceListOperationsOperator "
        "CloudDataTransferServicePauseOperationOperator CloudDataTransferServiceResumeOperationOperator"
    ),
    "cloud.operators.compute": (
        "ComputeEngineCopyInstanceTemplateOperator ComputeEngineDeleteInstanceGroupManagerOperator "
        "ComputeEngineDeleteInstanceOperator ComputeEngineDeleteInstanceTemplateOperator "
        "ComputeEngineInsertInstanceFromTemplateOperator ComputeEngineInsertInstanceGroupManagerOperator "
        "ComputeEngineInsertInstanceOperator ComputeEngineInsertInstanceTemplateOperator "
        "ComputeEngineInstanceGroupUpdateManagerTemplateOperator ComputeEngineSetMachineTypeOperator "
        "ComputeEngineStartInstanceOperator ComputeEngineStopInstanceOperator"
    ),
    "cloud.operators.dataflow": "DataflowCreatePipelineOperator DataflowDeletePipelineOperator DataflowStopJobOperator",
    "cloud.operators.dataform": (
        "DataformCancelWorkflowInvocationOperator DataformCreateCompilationResultOperator "
        "DataformCreateRepositoryOperator DataformCreateWorkspaceOperator DataformDeleteRepositoryOperator "
        "DataformDeleteWorkspaceOperator DataformGetCompilationResultOperator DataformGetWorkflowInvocationOperator "
        "DataformInstallNpmPackagesOperator DataformMakeDirectoryOperator "
        "DataformQueryWorkflowInvocationActionsOperator DataformRemoveDirectoryOperator DataformRemoveFileOperator "
        "DataformWriteFileOperator"
    ),
    "cloud.operators.datafusion": (
        "CloudDataFusionCreateInstanceOperator CloudDataFusionCreatePipelineOperator "
        "CloudDataFusionDeleteInstanceOperator CloudDataFusionDeletePipelineOperator "
        "CloudDataFusionGetInstanceOperator CloudDataFusionListPipelinesOperator "
        "CloudDataFusionRestartInstanceOperator CloudDataFusionStopPipelineOperator "
        "CloudDataFusionUpdateInstanceOperator"
    ),
    "cloud.operators.dataplex": (
        "DataplexCatalogCreateAspectTypeOperator DataplexCatalogCreateEntryGroupOperator "
        "DataplexCatalogCreateEntryOperator DataplexCatalogCreateEntryTypeOperator "
        "DataplexCatalogDeleteAspectTypeOperator DataplexCatalogDeleteEntryGroupOperator "
        "DataplexCatalogDeleteEntryOperator DataplexCatalogDeleteEntryTypeOperator "
        "DataplexCatalogGetAspectTypeOperator DataplexCatalogGetEntryGroupOperator DataplexCatalogGetEntryOperator "
        "DataplexCatalogGetEntryTypeOperator DataplexCatalogListAspectTypesOperator "
        "DataplexCatalogListEntriesOperator DataplexCatalogListEntryGroupsOperator "
        "DataplexCatalogListEntryTypesOperator DataplexCatalogLookupEntryOperator "
        "DataplexCatalogSearchEntriesOperator DataplexCatalogUpdateAspectTypeOperator "
        "DataplexCatalogUpdateEntryGroupOperator DataplexCatalogUpdateEntryOperator "
        "DataplexCatalogUpdateEntryTypeOperator DataplexCreateAssetOperator DataplexCreateLakeOperator "
        "DataplexCreateOrUpdateDataProfileScanOperator DataplexCreateOrUpdateDataQualityScanOperator "
        "DataplexCreateZoneOperator DataplexDeleteAssetOperator DataplexDeleteDataProfileScanOperator "
        "DataplexDeleteDataQualityScanOperator DataplexDeleteLakeOperator DataplexDeleteTaskOperator "
        "DataplexDeleteZoneOperator DataplexGetDataProfileScanOperator DataplexGetDataProfileScanResultOperator "
        "DataplexGetDataQualityScanOperator DataplexGetDataQualityScanResultOperator DataplexGetTaskOperator "
        "DataplexListTasksOperator"
    ),
    "cloud.operators.dataprep": (
        "DataprepCopyFlowOperator DataprepDeleteFlowOperator DataprepGetJobGroupOperator "
        "DataprepGetJobsForJobGroupOperator"
    ),
    "cloud.operators.dataproc": (
        "DataprocCancelOperationOperator DataprocCreateClusterOperator DataprocCreateWorkflowTemplateOperator "
        "DataprocDeleteBatchOperator DataprocDeleteClusterOperator DataprocDiagnoseClusterOperator "
        "DataprocGetBatchOperator DataprocListBatchesOperator DataprocStartClusterOperator "
        "DataprocStopClusterOperator DataprocUpdateClusterOperator"
    ),
    "cloud.operators.dataproc_metastore": (
        "DataprocMetastoreCreateBackupOperator DataprocMetastoreCreateServiceOperator "
        "DataprocMetastoreDeleteBackupOperator DataprocMetastoreDeleteServiceOperator "
        "DataprocMetastoreGetServiceOperator DataprocMetastoreListBackupsOperator "
        "DataprocMetastoreRestoreServiceOperator DataprocMetastoreUpdateServiceOperator"
    ),
    "cloud.operators.datastore": (
        "CloudDatastoreAllocateIdsOperator CloudDatastoreBeginTransactionOperator "
        "CloudDatastoreDeleteOperationOperator CloudDatastoreGetOperationOperator CloudDatastoreRollbackOperator"
    ),
    "cloud.operators.dlp": (
        "CloudDLPCancelDLPJobOperator CloudDLPCreateDeidentifyTemplateOperator CloudDLPCreateInspectTemplateOperator "
        "CloudDLPCreateJobTriggerOperator CloudDLPDeidentifyContentOperator CloudDLPDeleteDLPJobOperator "
        "CloudDLPDeleteDeidentifyTemplateOperator CloudDLPDeleteInspectTemplateOperator "
        "CloudDLPDeleteJobTriggerOperator CloudDLPDeleteStoredInfoTypeOperator CloudDLPGetDLPJobOperator "
        "CloudDLPGetDLPJobTriggerOperator CloudDLPGetDeidentifyTemplateOperator CloudDLPGetInspectTemplateOperator "
        "CloudDLPGetStoredInfoTypeOperator CloudDLPInspectContentOperator CloudDLPListDLPJobsOperator "
        "CloudDLPListDeidentifyTemplatesOperator CloudDLPListInfoTypesOperator CloudDLPListInspectTemplatesOperator "
        "CloudDLPListJobTriggersOperator CloudDLPListStoredInfoTypesOperator CloudDLPRedactImageOperator "
        "CloudDLPReidentifyContentOperator CloudDLPUpdateDeidentifyTemplateOperator "
        "CloudDLPUpdateInspectTemplateOperator CloudDLPUpdateJobTriggerOperator"
    ),
    "cloud.operators.functions": "CloudFunctionDeleteFunctionOperator CloudFunctionDeployFunctionOperator",
    "cloud.operators.gcs": (
        "GCSBucketAddIamBindingOperator GCSBucketCreateAclEntryOperator GCSCreateBucketOperator "
        "GCSDeleteBucketOperator GCSListObjectsOperator GCSObjectCreateAclEntryOperator"
    ),
    "cloud.operators.gen_ai": (
        "GenAICountTokensOperator GenAICreateCachedContentOperator GenAIGeminiCancelBatchJobOperator "
        "GenAIGeminiDeleteBatchJobOperator GenAIGeminiDeleteFileOperator GenAIGeminiGetBatchJobOperator "
        "GenAIGeminiGetFileOperator GenAIGeminiListBatchJobsOperator GenAIGeminiListFilesOperator "
        "GenAIGenerateContentOperator GenAIGenerateEmbeddingsOperator"
    ),
    "cloud.operators.kubernetes_engine": (
        "GKECreateClusterOperator GKEDeleteClusterOperator GKEDeleteCustomResourceOperator GKEDeleteJobOperator "
        "GKEDescribeJobOperator GKEListJobsOperator GKEStartKueueInsideClusterOperator "
        "GKESuspendJobOperator"
    ),
    "cloud.operators.managed_kafka": (
        "ManagedKafkaCreateClusterOperator ManagedKafkaCreateTopicOperator ManagedKafkaDeleteClusterOperator "
        "ManagedKafkaDeleteConsumerGroupOperator ManagedKafkaDeleteTopicOperator ManagedKafkaGetClusterOperator "
        "ManagedKafkaGetConsumerGroupOperator ManagedKafkaGetTopicOperator ManagedKafkaListClustersOperator "
        "ManagedKafkaListConsumerGroupsOperator ManagedKafkaListTopicsOperator ManagedKafkaUpdateClusterOperator "
        "ManagedKafkaUpdateConsumerGroupOperator ManagedKafkaUpdateTopicOperator"
    ),
    "cloud.operators.ray": "RayDeleteJobOperator RayGetJobInfoOperator RayListJobsOperator RayStopJobOperator",
    "cloud.operators.spanner": "SpannerDeleteInstanceOperator SpannerDeployInstanceOperator",
    "cloud.operators.stackdriver": (
        "StackdriverDeleteAlertOperator StackdriverDeleteNotificationChannelOperator "
        "StackdriverDisableAlertPoliciesOperator StackdriverDisableNotificationChannelsOperator "
        "StackdriverEnableAlertPoliciesOperator StackdriverEnableNotificationChannelsOperator "
        "StackdriverListAlertPoliciesOperator StackdriverListNotificationChannelsOperator "
        "StackdriverUpsertAlertOperator StackdriverUpsertNotificationChannelOperator"
    ),
    "cloud.operators.tasks": (
        "CloudTasksQueueCreateOperator CloudTasksQueueDeleteOperator CloudTasksQueueGetOperator "
        "CloudTasksQueuePauseOperator CloudTasksQueuePurgeOperator CloudTasksQueueResumeOperator "
        "CloudTasksQueueUpdateOperator CloudTasksQueuesListOperator CloudTasksTaskDeleteOperator "
        "CloudTasksTaskGetOperator CloudTasksTasksListOperator"
    ),
    "cloud.operators.translate": (
        "CloudTranslateTextOperator TranslateCreateDatasetOperator TranslateDatasetsListOperator "
        "TranslateDeleteDatasetOperator TranslateDeleteGlossaryOperator TranslateDeleteModelOperator "
        "TranslateListGlossariesOperator TranslateModelsListOperator TranslateTextOperator"
    ),
    "cloud.operators.vertex_ai.agent_engine": (
        "CreateAgentEngineOperator DeleteAgentEngineOperator GetAgentEngineOperator UpdateAgentEngineOperator"
    ),
    "cloud.operators.vertex_ai.auto_ml": "DeleteAutoMLTrainingJobOperator ListAutoMLTrainingJobOperator",
    "cloud.operators.vertex_ai.batch_prediction_job": (
        "DeleteBatchPredictionJobOperator GetBatchPredictionJobOperator ListBatchPredictionJobsOperator"
    ),
    "cloud.operators.vertex_ai.custom_job": "DeleteCustomTrainingJobOperator ListCustomTrainingJobOperator",
    "cloud.operators.vertex_ai.dataset": (
        "CreateDatasetOperator DeleteDatasetOperator GetDatasetOperator ListDatasetsOperator UpdateDatasetOperator"
    ),
    "cloud.operators.vertex_ai.endpoint_service": (
        "CreateEndpointOperator DeleteEndpointOperator DeployModelOperator GetEndpointOperator ListEndpointsOperator "
        "UndeployModelOperator UpdateEndpointOperator"
    ),
    "cloud.operators.vertex_ai.experiment_service": (
        "CreateExperimentOperator CreateExperimentRunOperator DeleteExperimentOperator DeleteExperimentRunOperator "
        "ListExperimentRunsOperator UpdateExperimentRunStateOperator"
    ),
    "cloud.operators.vertex_ai.feature_store": (
        "CreateFeatureOnlineStoreOperator CreateFeatureViewOperator DeleteFeatureOnlineStoreOperator "
        "DeleteFeatureViewOperator GetFeatureOnlineStoreOperator GetFeatureViewSyncOperator"
    ),
    "cloud.operators.vertex_ai.hyperparameter_tuning_job": (
        "DeleteHyperparameterTuningJobOperator GetHyperparameterTuningJobOperator ListHyperparameterTuningJobOperator"
    ),
    "cloud.operators.vertex_ai.model_service": (
        "AddVersionAliasesOnModelOperator DeleteModelOperator DeleteModelVersionOperator "
        "DeleteVersionAliasesOnModelOperator GetModelOperator ListModelVersionsOperator ListModelsOperator "
        "SetDefaultVersionOnModelOperator UploadModelOperator"
    ),
    "cloud.operators.vertex_ai.pipeline_job": (
        "DeletePipelineJobOperator GetPipelineJobOperator ListPipelineJobOperator"
    ),
    "cloud.operators.vertex_ai.ray": (
        "CreateRayClusterOperator DeleteRayClusterOperator GetRayClusterOperator ListRayClustersOperator "
        "UpdateRayClusterOperator"
    ),
    "cloud.operators.vision": (
        "CloudVisionAddProductToProductSetOperator CloudVisionCreateProductOperator "
        "CloudVisionCreateProductSetOperator CloudVisionDeleteProductOperator CloudVisionDeleteProductSetOperator "
        "CloudVisionDeleteReferenceImageOperator CloudVisionGetProductOperator CloudVisionGetProductSetOperator "
        "CloudVisionRemoveProductFromProductSetOperator CloudVisionUpdateProductOperator "
        "CloudVisionUpdateProductSetOperator"
    ),
    "cloud.operators.workflows": (
        "WorkflowsCancelExecutionOperator WorkflowsCreateWorkflowOperator WorkflowsDeleteWorkflowOperator "
        "WorkflowsGetExecutionOperator WorkflowsGetWorkflowOperator WorkflowsListExecutionsOperator "
        "WorkflowsListWorkflowsOperator WorkflowsUpdateWorkflowOperator"
    ),
    "cloud.sensors.bigquery_dts": "BigQueryDataTransferServiceTransferRunSensor",
    "cloud.sensors.bigtable": "BigtableTableReplicationCompletedSensor",
    "cloud.sensors.cloud_composer": "CloudComposerDAGRunSensor CloudComposerExternalTaskSensor",
    "cloud.sensors.cloud_sql": "CloudSQLNoOperationInProgressSensor",
    "cloud.sensors.cloud_storage_transfer_service": "CloudDataTransferServiceJobStatusSensor",
    "cloud.sensors.dataflow": (
        "DataflowJobAutoScalingEventsSensor DataflowJobMessagesSensor DataflowJobMetricsSensor DataflowJobStatusSensor"
    ),
    "cloud.sensors.dataform": "DataformWorkflowInvocationActionStateSensor DataformWorkflowInvocationStateSensor",
    "cloud.sensors.datafusion": "CloudDataFusionPipelineStateSensor",
    "cloud.sensors.dataplex": (
        "DataplexDataProfileJobStatusSensor DataplexDataQualityJobStatusSensor DataplexTaskStateSensor"
    ),
    "cloud.sensors.dataprep": "DataprepJobGroupIsFinishedSensor",
    "cloud.sensors.dataproc": "DataprocBatchSensor DataprocJobSensor",
    "cloud.sensors.dataproc_metastore": "MetastoreHivePartitionSensor",
    "cloud.sensors.gcs": (
        "GCSObjectExistenceSensor GCSObjectUpdateSensor GCSObjectsWithPrefixExistenceSensor "
        "GCSUploadSessionCompleteSensor"
    ),
    "cloud.sensors.looker": "LookerCheckPdtBuildSensor",
    "cloud.sensors.tasks": "TaskQueueEmptySensor",
    "cloud.sensors.vertex_ai.feature_store": "FeatureViewSyncSensor",
    "cloud.sensors.workflows": "WorkflowExecutionSensor",
    "marketing_platform.operators.analytics_admin": (
        "GoogleAnalyticsAdminCreateDataStreamOperator GoogleAnalyticsAdminCreatePropertyOperator "
        "GoogleAnalyticsAdminDeleteDataStreamOperator GoogleAnalyticsAdminDeletePropertyOperator "
        "GoogleAnalyticsAdminGetGoogleAdsLinkOperator GoogleAnalyticsAdminListAccountsOperator "
        "GoogleAnalyticsAdminListGoogleAdsLinksOperator"
    ),
    "marketing_platform.operators.bid_manager": (
        "GoogleBidManagerCreateQueryOperator GoogleBidManagerDeleteQueryOperator GoogleBidManagerRunQueryOperator"
    ),
    "marketing_platform.operators.campaign_manager": (
        "GoogleCampaignManagerDeleteReportOperator GoogleCampaignManagerInsertReportOperator "
        "GoogleCampaignManagerRunReportOperator"
    ),
    "marketing_platform.operators.display_video": "GoogleDisplayVideo360CreateSDFDownloadTaskOperator",
    "marketing_platform.operators.search_ads": (
        "GoogleSearchAdsGetCustomColumnOperator GoogleSearchAdsGetFieldOperator "
        "GoogleSearchAdsListCustomColumnsOperator GoogleSearchAdsSearchFieldsOperator"
    ),
    "marketing_platform.sensors.bid_manager": "GoogleBidManagerRunQuerySensor",
    "marketing_platform.sensors.campaign_manager": "GoogleCampaignManagerReportSensor",
    "marketing_platform.sensors.display_video": "GoogleDisplayVideo360GetSDFDownloadOperationSensor",
    "suite.operators.sheets": "GoogleSheetsCreateSpreadsheetOperator",
    "suite.sensors.drive": "GoogleDriveFileExistenceSensor",
}

FAMILY = {
    f"airflow.providers.google.{module}.{name}": nothing for module, names in CLASSES.items() for name in names.split()
}
