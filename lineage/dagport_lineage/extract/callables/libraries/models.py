"""Objects in files: joblib, pickle, torch. What is loaded may be anything, so its methods may touch data."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.domain import Data, Foreign, Handle, Value, origins_of
from dagport_lineage.extract.callables.libraries.files import local
from dagport_lineage.extract.callables.site import Kind, Rule, Site, pure, unknown


def _load(index: int, name: str) -> Rule:
    def rule(site: Site) -> Value:
        locations.read(site, local(site.arg(index, name)))
        return Foreign(f"`{site.text}()`")

    return rule


def _save(index: int, name: str) -> Rule:
    def rule(site: Site) -> Value:
        locations.write(site, local(site.arg(index, name)), origins_of(site.arg(0)))
        return Data()

    return rule


def _service(site: Site) -> Value:
    return site.gap("both", "name", f"`{site.text}` talks to a tracking server, which has no name as a dataset")


def _loads(site: Site) -> Value:
    return Foreign(f"`{site.text}()`")


ESTIMATOR = "models.estimator"
PACKAGES = ("sklearn.", "scipy.", "xgboost.", "lightgbm.", "statsmodels.")
ELSEWHERE = ("fetch_", "load_svmlight", "load_files", "dump_svmlight", "load_npz", "save_npz", "loadmat", "savemat")
FILES = frozenset(
    {"save_model", "load_model", "save_raw", "save_config", "dump_model", "save", "to_pickle", "save_binary"}
)


def _estimate(site: Site) -> Value:
    return Handle(ESTIMATOR, None, site.origins)


def find(name: str) -> Rule | None:
    """The rule of a function or class: models are made of data in memory, but for those that fetch or save some."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    last = name.rpartition(".")[2]
    known = (
        name.startswith(PACKAGES) and not last.startswith(ELSEWHERE) and last not in ("Booster", "DMatrix", "Dataset")
    )
    return _estimate if known and ".io." not in name and ".datasets.get" not in name else None


FUNCTIONS: dict[str, Rule] = {
    "joblib.load": _load(0, "filename"),
    "joblib.dump": _save(1, "filename"),
    "torch.load": _load(0, "f"),
    "torch.save": _save(1, "f"),
    **{f"{package}.{name}": _loads for package in ("pickle", "dill", "cloudpickle") for name in ("load", "loads")},
    **{f"{package}.{name}": pure for package in ("pickle", "dill", "cloudpickle") for name in ("dump", "dumps")},
    **{
        f"mlflow.{name}": _service
        for name in ("log_metric", "log_param", "log_params", "log_metrics", "log_artifact", "start_run", "set_tag",
                     "set_experiment", "set_tracking_uri", "end_run")
    },
}  # fmt: skip

KINDS = {
    ESTIMATOR: Kind(
        methods=dict.fromkeys(sorted(FILES), unknown),
        is_pure=True,
        gives_same=True,
        has_fields=True,
        assignable=True,
        iterated=lambda handle: Handle(ESTIMATOR, None, handle.origins),
    ),
}
