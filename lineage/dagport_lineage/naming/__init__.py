"""Names of datasets by the rules of the OpenLineage specification (its Naming page)."""
