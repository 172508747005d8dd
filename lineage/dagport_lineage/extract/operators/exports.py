"""Services that read and write objects by URLs in their configuration: backups, jobs of models, translations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from dagport.graph import Task
from dagport.values import SYMBOLIC, Value
from dagport_lineage.extract import bigquery
from dagport_lineage.extract.arguments import Named, argument, map_named, rendered, value_at
from dagport_lineage.extract.endpoints import (
    Endpoint,
    at,
    both,
    changing,
    gcs_directory,
    gcs_object,
    reading,
    s3_object,
    s3_url,
    split_gcs_url,
    transfer,
    unnamed,
    writing,
)
from dagport_lineage.extract.operators.programs import program
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.scope import Scope

AMAZON = "airflow.providers.amazon.aws.operators"
GOOGLE = "airflow.providers.google.cloud.operators"
EVERY = "*"  # a step of a path into each item of a list


# URLs in objects


def urls(make: Callable[[str], Named], *paths: str) -> Endpoint:
    """The datasets of URLs at paths inside arguments, e.g. ``"input_configs.*.gcs_source.input_uri"``, where set."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        return tuple(
            map_named(make, rendered(value, task, scope, path)) for path in paths for value in _values(task, path)
        )

    return names


def _values(task: Task, path: str) -> Iterator[Value]:
    name, *steps = path.split(".")
    yield from _inside(value_at(task, name), steps)


def _inside(value: Value, steps: Sequence[str]) -> Iterator[Value]:
    if value is None:
        return
    if isinstance(value, SYMBOLIC) or not steps:
        yield value
    elif steps[0] == EVERY:
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        for item in items:
            yield from _inside(item, steps[1:])
    elif isinstance(value, Mapping):
        yield from _inside(value.get(steps[0]), steps[1:])


def exact(url: str) -> Named:
    """An object of Cloud Storage by its whole name."""
    parts = split_gcs_url(url)
    return parts if isinstance(parts, Unresolved) else gcs_object(*parts)


def below(url: str) -> Named:
    """The objects of Cloud Storage below a URL; the services put a slash behind it themselves."""
    parts = split_gcs_url(url)
    return parts if isinstance(parts, Unresolved) else gcs_directory(*parts)


def bq_table(url: str) -> Named:
    """A table of BigQuery by ``bq://project.dataset.table``; with fewer parts a run makes the rest of the name."""
    parts = url.removeprefix("bq://").split(".")
    if len(parts) != 3:
        return Unresolved("runtime", f"a run makes the name of the table in `{url}`")
    return bigquery.table(*parts)


# Rules


def datasync(task: Task, scope: Scope) -> Found:
    """``DataSyncOperator``: between two locations, or a task that has them."""
    if task.arguments.get("task_arn") is not None or task.arguments.get("source_location_uri") is None:
        return program("the DataSync task", "task_arn")(task, scope)
    return transfer(at(s3_url, "source_location_uri"), at(s3_url, "destination_location_uri"))(task, scope)


def glue_table(task: Task, scope: Scope) -> tuple[Named, ...]:
    """A table of the Glue catalog: its name has the account's number, which no argument says."""
    name = argument(task, scope, "table_name")
    shown = f" `{name}`" if isinstance(name, str) else ""
    return (Unresolved("connection", f"the account that the Glue table{shown} belongs to isn't known"),)


def s3_snapshot(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where a snapshot is exported to."""
    return at(s3_object, "s3_bucket_name", "s3_prefix?")(task, scope)


IMAGE = ("image.source.image_uri", "image.source.gcs_image_uri")

OF_AMAZON = {
    "bedrock.BedrockBatchInferenceOperator": transfer(at(s3_url, "input_uri"), at(s3_url, "output_uri")),
    "bedrock.BedrockCustomizeModelOperator": transfer(at(s3_url, "training_data_uri"), at(s3_url, "output_data_uri")),
    "bedrock.BedrockRaGOperator": reading(unnamed("the knowledge base", "knowledge_base_id")),
    "bedrock.BedrockRetrieveOperator": reading(unnamed("the knowledge base", "knowledge_base_id")),
    "comprehend.ComprehendStartPiiEntitiesDetectionJobOperator": transfer(
        urls(s3_url, "input_data_config.S3Uri"), urls(s3_url, "output_data_config.S3Uri")
    ),
    "comprehend.ComprehendCreateDocumentClassifierOperator": transfer(
        urls(
            s3_url,
            "input_data_config.S3Uri",
            "input_data_config.TestS3Uri",
            "input_data_config.Documents.S3Uri",
            "input_data_config.Documents.TestS3Uri",
        ),
        urls(s3_url, "output_data_config.S3Uri"),
    ),
    "datasync.DataSyncOperator": datasync,
    "glacier.GlacierUploadArchiveOperator": writing(unnamed("the Glacier vault", "vault_name"), "body"),
    "glue_catalog.GlueCatalogCreateTableOperator": changing(glue_table, "CREATE"),
    "glue_catalog.GlueCatalogDeleteTableOperator": changing(glue_table, "DROP"),
    "glue_catalog.GlueCatalogCreatePartitionOperator": changing(glue_table, "ALTER"),
    "glue_catalog.GlueCatalogBatchDeletePartitionOperator": changing(glue_table, "ALTER"),
    "neptune_analytics.NeptuneStartImportTaskOperator": transfer(
        at(s3_url, "source"), unnamed("the Neptune graph", "graph_identifier")
    ),
    "neptune_analytics.NeptuneCreateGraphWithImportOperator": transfer(
        at(s3_url, "source"), unnamed("the Neptune graph", "graph_name")
    ),
    "rds.RdsStartExportTaskOperator": transfer(unnamed("the snapshot", "source_arn"), s3_snapshot),
    "s3_tables.S3TablesCreateTableOperator": changing(unnamed("the table of S3 Tables", "table_name"), "CREATE"),
    "s3_tables.S3TablesDeleteTableOperator": changing(unnamed("the table of S3 Tables", "table_name"), "DROP"),
    "s3_tables.S3TablesRenameTableOperator": changing(unnamed("the table of S3 Tables", "table_name"), "RENAME"),
    "s3_vectors.S3VectorsPutVectorsOperator": writing(unnamed("the vector index", "index_name"), "vectors"),
    "s3_vectors.S3VectorsQueryVectorsOperator": reading(unnamed("the vector index", "index_name")),
}

OF_GOOGLE = {
    "bigtable.BigtableCreateTableOperator": changing(unnamed("the Bigtable table", "table_id"), "CREATE"),
    "bigtable.BigtableDeleteTableOperator": changing(unnamed("the Bigtable table", "table_id"), "DROP"),
    "cloud_memorystore.CloudMemorystoreExportInstanceOperator": transfer(
        unnamed("the Memorystore instance", "instance"), urls(exact, "output_config.gcs_destination.uri")
    ),
    "cloud_memorystore.CloudMemorystoreExportAndDeleteInstanceOperator": transfer(
        unnamed("the Memorystore instance", "instance"), urls(exact, "output_config.gcs_destination.uri")
    ),
    "cloud_memorystore.CloudMemorystoreImportOperator": transfer(
        urls(exact, "input_config.gcs_source.uri"), unnamed("the Memorystore instance", "instance")
    ),
    "cloud_memorystore.CloudMemorystoreCreateInstanceAndImportOperator": transfer(
        urls(exact, "input_config.gcs_source.uri"), unnamed("the Memorystore instance", "instance_id")
    ),
    "dataproc_metastore.DataprocMetastoreExportMetadataOperator": transfer(
        unnamed("the metadata of the service", "service_id"), urls(below, "destination_gcs_folder")
    ),
    "dataproc_metastore.DataprocMetastoreCreateMetadataImportOperator": transfer(
        urls(exact, "metadata_import.database_dump.gcs_uri"), unnamed("the metadata of the service", "service_id")
    ),
    "datastore.CloudDatastoreExportEntitiesOperator": transfer(
        unnamed("the entities of Datastore"), at(gcs_directory, "bucket", "namespace?")
    ),
    "datastore.CloudDatastoreImportEntitiesOperator": transfer(
        at(gcs_object, "bucket", "file"), unnamed("the entities of Datastore")
    ),
    "datastore.CloudDatastoreCommitOperator": writing(unnamed("the entities of Datastore"), "body"),
    "datastore.CloudDatastoreRunQueryOperator": reading(unnamed("the entities of Datastore")),
    **{
        f"natural_language.CloudNaturalLanguage{what}Operator": reading(urls(exact, "document.gcs_content_uri"))
        for what in ("AnalyzeEntities", "AnalyzeEntitySentiment", "AnalyzeSentiment", "ClassifyText")
    },
    "speech_to_text.CloudSpeechToTextRecognizeSpeechOperator": reading(urls(exact, "audio.uri")),
    "translate_speech.CloudTranslateSpeechOperator": reading(urls(exact, "audio.uri")),
    "text_to_speech.CloudTextToSpeechSynthesizeOperator": writing(
        at(gcs_object, "target_bucket_name", "target_filename"), "input_data"
    ),
    "translate.TranslateDocumentOperator": transfer(
        urls(exact, "document_input_config.gcs_source.input_uri"),
        urls(below, "document_output_config.gcs_destination.output_uri_prefix"),
    ),
    **{
        f"translate.Translate{what}BatchOperator": transfer(
            urls(exact, "input_configs.*.gcs_source.input_uri"),
            urls(below, "output_config.gcs_destination.output_uri_prefix"),
        )
        for what in ("Document", "Text")
    },
    "translate.TranslateImportDataOperator": transfer(
        urls(exact, "input_config.input_files.*.gcs_source.input_uri"),
        unnamed("the translation dataset", "dataset_id"),
    ),
    "translate.TranslateCreateGlossaryOperator": transfer(
        urls(exact, "input_config.gcs_source.input_uri"), unnamed("the glossary", "glossary_id")
    ),
    "translate.TranslateUpdateGlossaryOperator": transfer(
        urls(exact, "new_input_config.gcs_source.input_uri"), unnamed("the glossary", "glossary_id")
    ),
    "vertex_ai.batch_prediction_job.CreateBatchPredictionJobOperator": transfer(
        both(urls(exact, "gcs_source.*"), urls(bq_table, "bigquery_source")),
        both(urls(below, "gcs_destination_prefix"), urls(bq_table, "bigquery_destination_prefix")),
    ),
    "vertex_ai.dataset.ExportDataOperator": transfer(
        unnamed("the Vertex AI dataset", "dataset_id"),
        urls(below, "export_config.gcs_destination.output_uri_prefix"),
    ),
    "vertex_ai.dataset.ImportDataOperator": transfer(
        urls(exact, "import_configs.*.gcs_source.uris.*"), unnamed("the Vertex AI dataset", "dataset_id")
    ),
    "vertex_ai.feature_store.FetchFeatureValuesOperator": reading(unnamed("the feature view", "feature_view_id")),
    "vertex_ai.model_service.ExportModelOperator": transfer(
        unnamed("the Vertex AI model", "model_id"),
        urls(below, "output_config.artifact_destination.output_uri_prefix"),
    ),
    **{
        f"video_intelligence.CloudVideoIntelligenceDetectVideo{what}Operator": transfer(
            urls(exact, "input_uri"), urls(exact, "output_uri")
        )
        for what in ("ExplicitContent", "Labels", "Shots")
    },
    **{
        f"vision.CloudVision{what}Operator": reading(urls(exact, *IMAGE))
        for what in ("DetectImageLabels", "DetectImageSafeSearch", "DetectText", "TextDetect")
    },
    "vision.CloudVisionImageAnnotateOperator": reading(urls(exact, *(f"request.*.{path}" for path in IMAGE))),
    "vision.CloudVisionCreateReferenceImageOperator": reading(urls(exact, "reference_image.uri")),
}

OTHERS = {
    "google.firebase.operators.firestore.CloudFirestoreExportDatabaseOperator": transfer(
        unnamed("the documents of Firestore"), urls(below, "body.outputUriPrefix")
    ),
    "google.leveldb.operators.leveldb.LevelDBOperator": transfer(
        unnamed("the LevelDB database"), unnamed("the LevelDB database")
    ),
    "google.marketing_platform.operators.search_ads.GoogleSearchAdsSearchOperator": reading(
        unnamed("what the Search Ads query reads")
    ),
    **{
        f"google.marketing_platform.operators.campaign_manager.GoogleCampaignManagerBatch{what}ConversionsOperator": (
            writing(unnamed("the conversions of Campaign Manager"), "conversions")
        )
        for what in ("Insert", "Update")
    },
    "microsoft.azure.operators.cosmos.AzureCosmosInsertDocumentOperator": writing(
        unnamed("the Cosmos DB collection", "collection_name"), "document"
    ),
    "opensearch.operators.opensearch.OpenSearchAddDocumentOperator": writing(
        unnamed("the OpenSearch index", "index_name"), "document"
    ),
    "pinecone.operators.pinecone.PineconeIngestOperator": writing(
        unnamed("the Pinecone index", "index_name"), "input_vectors"
    ),
    "qdrant.operators.qdrant.QdrantIngestOperator": writing(
        unnamed("the Qdrant collection", "collection_name"), "vectors"
    ),
    "weaviate.operators.weaviate.WeaviateIngestOperator": writing(
        unnamed("the Weaviate collection", "collection_name"), "input_data"
    ),
    "weaviate.operators.weaviate.WeaviateDocumentIngestOperator": writing(
        unnamed("the Weaviate collection", "collection_name"), "input_data"
    ),
    "salesforce.operators.bulk.SalesforceBulkOperator": writing(
        unnamed("the Salesforce object", "object_name"), "payload"
    ),
}

FAMILY = {
    **{f"{AMAZON}.{name}": rule for name, rule in OF_AMAZON.items()},
    **{f"{GOOGLE}.{name}": rule for name, rule in OF_GOOGLE.items()},
    **{f"airflow.providers.{name}": rule for name, rule in OTHERS.items()},
}
