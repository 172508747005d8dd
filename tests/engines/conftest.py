"""The engines as fixtures."""

from __future__ import annotations

import pytest

from tests.engines.environments import Environment, environment


@pytest.fixture(scope="session")
def airflow3() -> Environment:
    """Airflow 3 with the standard provider and scikit-learn."""
    return environment("airflow3")


@pytest.fixture(scope="session")
def airflow2() -> Environment:
    """The last Airflow 2."""
    return environment("airflow2")


@pytest.fixture(scope="session")
def dagster() -> Environment:
    """Dagster with scikit-learn, pandas and SQLAlchemy."""
    return environment("dagster")


@pytest.fixture(scope="session")
def dagster_integrations() -> Environment:
    """Dagster with the integrations and clients that operator families are written with."""
    return environment("dagster-integrations")


@pytest.fixture(scope="session")
def dagster_host() -> Environment:
    """Dagster with its webserver and all that dagport needs; run it with the variables of ``with_dagport``."""
    return environment("dagster-host")


@pytest.fixture(scope="session")
def prefect_host() -> Environment:
    """Prefect and all that dagport needs; run it with the variables of ``with_dagport``."""
    return environment("prefect-host")


@pytest.fixture(scope="session")
def datahub() -> Environment:
    """DataHub's command line with DataHub Lite on DuckDB."""
    return environment("datahub")


@pytest.fixture(scope="session")
def airflow3_openlineage() -> Environment:
    """Airflow 3 with its OpenLineage provider, and providers that tell it of their datasets."""
    return environment("airflow3-openlineage")


@pytest.fixture(scope="session")
def airflow_home(airflow3: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of an Airflow 3 home with a database; its DAGs folder is ``dags`` below the home."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    airflow3.run(["-m", "airflow", "db", "migrate"], env=variables)
    return variables
