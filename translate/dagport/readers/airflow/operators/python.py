"""Python functions."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.standard.operators.python"
FIELDS = "templates_dict op_args op_kwargs"
CALL = "op_args op_kwargs templates_dict templates_exts show_return_value_in_logs"
APART = f"{CALL} serializer string_args expect_airflow skip_on_exit_code env_vars inherit_env use_dill"
VIRTUALENV = (
    f"{APART} requirements python_version system_site_packages pip_install_options index_urls "
    "index_urls_from_connection_ids venv_cache_path"
)
EXTERNAL = f"{APART} expect_pendulum"

FAMILY = Family(
    kind="python",
    classes={
        f"{HOME}.PythonOperator": Signature(FIELDS, "python_callable", CALL),
        f"{HOME}.PythonVirtualenvOperator": Signature(
            f"{FIELDS} requirements index_urls index_urls_from_connection_ids venv_cache_path",
            "python_callable",
            VIRTUALENV,
        ),
        f"{HOME}.ExternalPythonOperator": Signature(f"{FIELDS} python", "python python_callable", EXTERNAL),
    },
    aliases={
        f"airflow.operators.{module}.{name}": f"{HOME}.{name}"
        for module in ("python", "python_operator")
        for name in ("PythonOperator", "PythonVirtualenvOperator", "ExternalPythonOperator")
    },
)
