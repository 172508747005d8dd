"""The reader of dag-factory's YAML files: the DAGs that ``dagfactory.load_yaml_dags`` makes of one of them.

The models of Airflow are those of the reader around it; here is only what dag-factory itself does, as version 1.1 does
it. A function or class below names the piece of dag-factory that its rules come from.
"""

from __future__ import annotations

from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.source import Source


def read(source: Source, options: ReadOptions) -> FileGraph:
    """The graph of one YAML file. Never raises for what the file says."""
    from dagport.readers.airflow.dag_factory.reader import YamlReader

    return YamlReader(source, options).read()
