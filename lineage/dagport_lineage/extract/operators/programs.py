"""Jobs that run elsewhere: a program, a container, a pipeline of another service. What they read and write isn't in the
DAG file, so both sides are unknown, and the gap names the job: that is where to look.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagport.graph import Task
from dagport_lineage.extract.arguments import Rule, text_at
from dagport_lineage.model import Found, Gap
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

HOME = "airflow.providers"


def program(what: str, *arguments: str) -> Rule:
    """A rule for jobs elsewhere: what such a job is called, and the arguments (dotted paths) that may name it."""

    def rule(task: Task, scope: Scope) -> Found:
        return unknown(task, scope, " ".join((what, *_names(task, scope, arguments))))

    return rule


def unknown(task: Task, scope: Scope, job: str) -> Found:
    """What a job reads and writes can't be told: ``job`` says which one it is."""
    message = f"what {job} reads and writes can't be told from the DAG file"
    return Found(gaps=(Gap(side="both", reason="command", message=message, place=scope.place(task)),))


def _names(task: Task, scope: Scope, arguments: tuple[str, ...]) -> Iterator[str]:
    """The first of the arguments that is known."""
    for path in arguments:
        name, *steps = path.split(".")
        text = text_at(task, scope, name, *(int(step) if step.isdigit() else step for step in steps))
        if isinstance(text, str) and text:
            yield f"`{redact(text)}`"
            return


def _rows(home: str, *rows: tuple[str, str, str]) -> dict[str, Rule]:
    """``(classes, what, arguments)`` to rules by qualified class; the last two are what ``program`` takes."""
    return {
        f"{home}.{name}": program(what, *arguments.split())
        for classes, what, arguments in rows
        for name in classes.split()
    }


AMAZON = _rows(
    f"{HOME}.amazon.aws.operators",
    (
        "appflow.AppflowRunOperator appflow.AppflowRunFullOperator appflow.AppflowRunBeforeOperator "
        "appflow.AppflowRunAfterOperator appflow.AppflowRunDailyOperator",
        "the AppFlow flow",
        "flow_name",
    ),
    ("athena_spark.AthenaSparkOperator", "the Spark calculation of the session", "session_id"),
    ("batch.BatchOperator", "the Batch job", "job_definition job_name"),
    ("bedrock.BedrockInvokeAgentRuntimeOperator", "the agent", "agent_runtime_arn"),
    ("bedrock.BedrockCreateEvaluationJobOperator", "the evaluation job", "job_name"),
    ("bedrock.BedrockIngestDataOperator", "the ingestion into the knowledge base", "knowledge_base_id"),
    ("dms.DmsStartTaskOperator dms.DmsReloadTablesOperator", "the replication task", "replication_task_arn"),
    ("dms.DmsStartReplicationOperator", "the replication", "replication_config_arn"),
    ("ecs.EcsRunTaskOperator", "the ECS task", "task_definition"),
    ("eks.EksPodOperator", "the image", "image pod_name"),
    ("emr.EmrAddStepsOperator", "the EMR step", "steps.0.Name job_flow_name job_flow_id"),
    ("emr.EmrContainerOperator", "the EMR job", "job_driver.sparkSubmitJobDriver.entryPoint name"),
    ("emr.EmrServerlessStartJobOperator", "the EMR Serverless job", "job_driver.sparkSubmit.entryPoint name"),
    ("emr.EmrStartNotebookExecutionOperator", "the notebook", "relative_path"),
    ("glue.GlueJobOperator", "the Glue job", "job_name script_location"),
    (
        "glue.GlueDataQualityRuleSetEvaluationRunOperator glue.GlueDataQualityRuleRecommendationRunOperator",
        "the data quality run over the Glue table",
        "datasource.GlueTable.TableName",
    ),
    ("glue_crawler.GlueCrawlerOperator", "the Glue crawler", "config.Name crawler_name"),
    ("glue_crawler.GlueCrawlerRunOperator", "the Glue crawler", "crawler_name"),
    ("glue_databrew.GlueDataBrewStartJobOperator", "the DataBrew job", "job_name"),
    ("kinesis_analytics.KinesisAnalyticsV2StartApplicationOperator", "the Flink application", "application_name"),
    ("lambda_function.LambdaInvokeFunctionOperator", "the Lambda function", "function_name"),
    ("mwaa_serverless.MwaaServerlessStartWorkflowRunOperator", "the workflow", "workflow_arn"),
    ("quicksight.QuickSightCreateIngestionOperator", "the ingestion of the QuickSight data set", "data_set_id"),
    ("sagemaker.SageMakerAutoMLOperator", "the AutoML job", "config.AutoMLJobName"),
    ("sagemaker.SageMakerStartPipelineOperator", "the SageMaker pipeline", "pipeline_name"),
    ("sagemaker_unified_studio.SageMakerNotebookOperator", "the notebook", "input_config.input_path"),
    (
        "sagemaker_unified_studio_notebook.SageMakerUnifiedStudioNotebookOperator",
        "the notebook",
        "notebook_identifier",
    ),
    ("ssm.SsmRunCommandOperator", "the SSM document", "document_name"),
    ("step_function.StepFunctionStartExecutionOperator", "the state machine", "state_machine_arn"),
)

GOOGLE = _rows(
    f"{HOME}.google.cloud.operators",
    (
        "bigquery_dts.BigQueryDataTransferServiceStartTransferRunsOperator",
        "the data transfer configuration",
        "transfer_config_id",
    ),
    ("bigquery_dts.BigQueryCreateDataTransferOperator", "the data transfer", "transfer_config.display_name"),
    ("cloud_batch.CloudBatchSubmitJobOperator", "the Batch job", "job_name"),
    ("cloud_build.CloudBuildCreateBuildOperator", "the build", ""),
    ("cloud_build.CloudBuildRetryBuildOperator", "the build", "id_"),
    ("cloud_build.CloudBuildRunBuildTriggerOperator", "the build trigger", "trigger_id"),
    ("cloud_composer.CloudComposerRunAirflowCLICommandOperator", "the Airflow command in", "environment_id"),
    ("cloud_sql.CloudSQLCloneInstanceOperator", "the clone of the instance", "instance"),
    ("cloud_run.CloudRunExecuteJobOperator", "the Cloud Run job", "job_name"),
    ("cloud_storage_transfer_service.CloudDataTransferServiceRunJobOperator", "the transfer job", "job_name"),
    ("dataflow.DataflowRunPipelineOperator", "the Dataflow pipeline", "pipeline_name"),
    (
        "dataflow.DataflowStartFlexTemplateOperator",
        "the Dataflow job",
        "body.launchParameter.containerSpecGcsPath body.launchParameter.jobName "
        "body.launch_parameter.container_spec_gcs_path body.launch_parameter.job_name",
    ),
    ("dataflow.DataflowStartYamlJobOperator", "the Beam pipeline", "yaml_pipeline_file job_name"),
    ("dataflow.DataflowTemplatedJobStartOperator", "the Dataflow template", "template job_name"),
    ("dataform.DataformCreateWorkflowInvocationOperator", "the Dataform repository", "repository_id"),
    ("datafusion.CloudDataFusionStartPipelineOperator", "the Data Fusion pipeline", "pipeline_name"),
    ("dataplex.DataplexCreateTaskOperator", "the Dataplex task", "dataplex_task_id"),
    (
        "dataplex.DataplexRunDataProfileScanOperator dataplex.DataplexRunDataQualityScanOperator",
        "the Dataplex scan",
        "data_scan_id",
    ),
    ("dataprep.DataprepRunFlowOperator", "the Dataprep flow", "flow_id"),
    ("dataprep.DataprepRunJobGroupOperator", "the Dataprep job group", ""),
    ("dataproc.DataprocInstantiateWorkflowTemplateOperator", "the workflow template", "template_id"),
    ("dataproc.DataprocInstantiateInlineWorkflowTemplateOperator", "the workflow template", "template.id"),
    ("dlp.CloudDLPCreateDLPJobOperator", "the DLP job", "job_id"),
    (
        "dlp.CloudDLPCreateStoredInfoTypeOperator dlp.CloudDLPUpdateStoredInfoTypeOperator",
        "the stored info type",
        "stored_info_type_id",
    ),
    ("functions.CloudFunctionInvokeFunctionOperator", "the Cloud Function", "function_id"),
    (
        "gen_ai.GenAIGeminiCreateBatchJobOperator gen_ai.GenAIGeminiCreateEmbeddingsBatchJobOperator",
        "the batch job of the model",
        "model",
    ),
    ("gen_ai.GenAISupervisedFineTuningTrainOperator", "the tuning of the model", "source_model"),
    ("kubernetes_engine.GKEStartPodOperator kubernetes_engine.GKEStartJobOperator", "the image", "image name"),
    ("kubernetes_engine.GKEStartKueueJobOperator", "the image", "image name"),
    ("kubernetes_engine.GKEResumeJobOperator", "the job", "name"),
    ("kubernetes_engine.GKEPodExecOperator", "the command in the pod", "pod_name"),
    ("kubernetes_engine.KubernetesPodExecOperator", "the command in the pod", ""),
    ("kubernetes_engine.GKECreateCustomResourceOperator", "the Kubernetes resource", ""),
    ("looker.LookerStartPdtBuildOperator", "the build of the derived table", "view"),
    ("ray.RaySubmitJobOperator", "the Ray job", "submission_id"),
    (
        "tasks.CloudTasksTaskCreateOperator tasks.CloudTasksTaskRunOperator",
        "the target of the task in the queue",
        "queue_name",
    ),
    ("translate.TranslateCreateModelOperator", "the training over the dataset", "dataset_id"),
    (
        "vertex_ai.custom_job.CreateCustomContainerTrainingJobOperator "
        "vertex_ai.auto_ml.CreateAutoMLForecastingTrainingJobOperator "
        "vertex_ai.auto_ml.CreateAutoMLImageTrainingJobOperator "
        "vertex_ai.auto_ml.CreateAutoMLTabularTrainingJobOperator "
        "vertex_ai.auto_ml.CreateAutoMLVideoTrainingJobOperator "
        "vertex_ai.hyperparameter_tuning_job.CreateHyperparameterTuningJobOperator",
        "the training job",
        "display_name",
    ),
    (
        "vertex_ai.custom_job.CreateCustomPythonPackageTrainingJobOperator",
        "the training job",
        "python_module_name display_name",
    ),
    ("vertex_ai.custom_job.CreateCustomTrainingJobOperator", "the training job", "script_path display_name"),
    ("vertex_ai.custom_job.CreateCustomJobOperator", "the custom job", "custom_job.display_name"),
    ("vertex_ai.agent_engine.RunReasoningEngineQueryOperator", "the agent", "reasoning_engine_id"),
    ("vertex_ai.agent_engine.RunQueryJobOperator", "the query job of the agent", "agent_engine_id"),
    ("vertex_ai.generative_model.RunEvaluationOperator", "the evaluation", "experiment_name"),
    ("vertex_ai.feature_store.SyncFeatureViewOperator", "the synchronization of the view", "feature_view_id"),
    ("vertex_ai.pipeline_job.RunPipelineJobOperator", "the pipeline", "template_path display_name"),
    ("workflows.WorkflowsCreateExecutionOperator", "the workflow", "workflow_id"),
)

AZURE = _rows(
    f"{HOME}.microsoft.azure.operators",
    ("ai_agents.RunAzureAIAgentOperator", "the agent", "agent_name"),
    ("analysis_services.AzureAnalysisServicesRefreshOperator", "the refresh of the model", "database"),
    ("batch.AzureBatchOperator", "the Batch job", "batch_job_id"),
    ("container_instances.AzureContainerInstancesOperator", "the image", "image name"),
    ("data_factory.AzureDataFactoryRunPipelineOperator", "the Data Factory pipeline", "pipeline_name"),
    ("fabric.MSFabricRunItemOperator", "the Fabric item", "item_id"),
    ("powerbi.PowerBIDatasetRefreshOperator", "the refresh of the Power BI dataset", "dataset_id"),
    ("synapse.AzureSynapseRunPipelineOperator", "the Synapse pipeline", "pipeline_name"),
    ("synapse.AzureSynapseRunSparkBatchOperator", "the Spark job", "payload.file payload.name"),
)

OTHERS = _rows(
    HOME,
    ("airbyte.operators.airbyte.AirbyteTriggerSyncOperator", "the Airbyte connection", "connection_id"),
    ("apache.beam.operators.beam.BeamRunPythonPipelineOperator", "the Beam pipeline", "py_file"),
    ("apache.beam.operators.beam.BeamRunJavaPipelineOperator", "the Beam pipeline", "job_class jar"),
    ("apache.beam.operators.beam.BeamRunGoPipelineOperator", "the Beam pipeline", "go_file launcher_binary"),
    ("apache.livy.operators.livy.LivyOperator", "the Spark application", "class_name file"),
    ("apache.spark.operators.spark_submit.SparkSubmitOperator", "the Spark application", "java_class application"),
    ("apache.spark.operators.spark_pipelines.SparkPipelinesOperator", "the Spark pipeline", "pipeline_spec"),
    ("apache.flink.operators.flink_kubernetes.FlinkKubernetesOperator", "the Flink application", "application_file"),
    ("apache.pig.operators.pig.PigOperator", "the Pig script", ""),
    ("apache.sqoop.operators.sqoop.SqoopOperator", "the Sqoop job", "table"),
    ("cncf.kubernetes.operators.pod.KubernetesPodOperator", "the image", "image name"),
    ("cncf.kubernetes.operators.job.KubernetesJobOperator", "the image", "image name"),
    ("cncf.kubernetes.operators.kueue.KubernetesStartKueueJobOperator", "the image", "image name"),
    ("cncf.kubernetes.operators.pod_exec.KubernetesPodExecOperator", "the command in the pod", "pod_name"),
    (
        "cncf.kubernetes.operators.resource.KubernetesCreateResourceOperator",
        "the Kubernetes resource",
        "yaml_conf_file",
    ),
    (
        "cncf.kubernetes.operators.spark_kubernetes.SparkKubernetesOperator",
        "the Spark application",
        "code_path application_file name",
    ),
    ("databricks.operators.databricks.DatabricksNotebookOperator", "the notebook", "notebook_path"),
    ("databricks.operators.databricks.DatabricksRunNowOperator", "the Databricks job", "job_name job_id"),
    (
        "databricks.operators.databricks.DatabricksSubmitRunOperator",
        "the Databricks task",
        "notebook_task.notebook_path json.notebook_task.notebook_path spark_python_task.python_file "
        "json.spark_python_task.python_file spark_jar_task.main_class_name json.spark_jar_task.main_class_name "
        "pipeline_task.pipeline_id json.pipeline_task.pipeline_id run_name json.run_name",
    ),
    (
        "databricks.operators.databricks.DatabricksTaskOperator",
        "the Databricks task",
        "task_config.notebook_task.notebook_path task_config.spark_python_task.python_file "
        "task_config.sql_task.file.path databricks_task_key",
    ),
    ("apache.spark.operators.spark_jdbc.SparkJDBCOperator", "the Spark application over", "jdbc_table"),
    ("openai.operators.agent.OpenAIAgentSessionOperator", "the agent", "agent_id"),
    ("openai.operators.openai.OpenAITriggerBatchOperator", "the batch of requests in the file", "file_id"),
    ("dbt.cloud.operators.dbt.DbtCloudRunJobOperator", "the dbt Cloud job", "job_name job_id"),
    (
        "docker.operators.docker.DockerOperator docker.operators.docker_swarm.DockerSwarmOperator",
        "the image",
        "image",
    ),
    ("salesforce.operators.salesforce_apex_rest.SalesforceApexRestOperator", "the Apex endpoint", "endpoint"),
    ("singularity.operators.singularity.SingularityOperator", "the image", "image"),
    ("snowflake.operators.snowflake.SnowflakeNotebookOperator", "the notebook", "notebook"),
    ("snowflake.operators.snowpark_containers.SnowparkContainerJobOperator", "the container", "container_name"),
    (
        "snowflake.operators.cortex_agent.SnowflakeCortexAgentOperator",
        "the Cortex agent",
        "agent_name",
    ),
    ("grpc.operators.grpc.GrpcOperator", "the gRPC call", "call_func"),
    ("jenkins.operators.jenkins_job_trigger.JenkinsJobTriggerOperator", "the Jenkins job", "job_name"),
    ("microsoft.psrp.operators.psrp.PsrpOperator", "the PowerShell command", "cmdlet"),
    ("tableau.operators.tableau.TableauOperator", "the Tableau method", "method"),
    (
        "yandex.operators.dataproc.DataprocCreateMapReduceJobOperator",
        "the MapReduce job",
        "main_class main_jar_file_uri",
    ),
    ("yandex.operators.dataproc.DataprocCreatePysparkJobOperator", "the Spark application", "main_python_file_uri"),
    (
        "yandex.operators.dataproc.DataprocCreateSparkJobOperator",
        "the Spark application",
        "main_class main_jar_file_uri",
    ),
    ("yandex.operators.dataproc.DataprocCreateHiveJobOperator", "the Hive job", "query_file_uri name"),
)

DBT_VERBS = """
    Build Clone Compile Deps Docs LS Run RunOperation Seed Snapshot Source SourceFreshness Test
"""
DBT_PLACES = {  # where Cosmos runs it: part of the class, module
    "Local": "local", "Virtualenv": "virtualenv", "Docker": "docker", "Kubernetes": "kubernetes", "AwsEks": "aws_eks",
    "AwsEcs": "aws_ecs", "AzureContainerInstance": "azure_container_instance", "GcpCloudRunJob": "gcp_cloud_run_job",
}  # fmt: skip
DBT_HOMES = ("cosmos", "cosmos.operators", "airflow_dbt.operators.dbt_operator", "airflow_dbt_python.operators.dbt")
DBT = program("the dbt project", "models", "select", "dir", "project_dir")

ELSEWHERE = {  # published by their vendors
    "fivetran_provider.operators.fivetran.FivetranOperator": program("the Fivetran connector", "connector_id"),
    "fivetran_provider_async.operators.FivetranOperator": program("the Fivetran connector", "connector_id"),
    "airflow_provider_hightouch.operators.hightouch.HightouchTriggerSyncOperator": program(
        "the Hightouch sync", "sync_slug", "sync_id"
    ),
    "great_expectations_provider.operators.great_expectations.GreatExpectationsOperator": program(
        "the expectations of", "data_asset_name", "checkpoint_name", "expectation_suite_name"
    ),
    "airflow_provider_census.operators.census.CensusOperator": program("the Census sync", "sync_id"),
    **{
        f"{home}.Dbt{verb}{place}Operator": DBT
        for place, module in DBT_PLACES.items()
        for home in ("cosmos", "cosmos.operators", f"cosmos.operators.{module}")
        for verb in DBT_VERBS.split()
    },
    **{f"{home}.Dbt{verb}Operator": DBT for home in DBT_HOMES for verb in DBT_VERBS.split()},
}

FAMILY = {**AMAZON, **GOOGLE, **AZURE, **OTHERS, **ELSEWHERE}
