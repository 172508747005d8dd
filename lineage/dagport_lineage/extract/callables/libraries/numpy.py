"""NumPy: its files, and arrays, whose other methods touch nothing."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.domain import NONE, Handle, Known, Value, origins_of
from dagport_lineage.extract.callables.libraries.files import local
from dagport_lineage.extract.callables.site import Kind, Rule, Site, unknown

ARRAY = "numpy.array"
PURE = frozenset({
    "array", "asarray", "arange", "zeros", "ones", "empty", "full", "linspace", "concatenate", "stack", "vstack",
    "hstack", "mean", "median", "std", "var", "sum", "min", "max", "abs", "sqrt", "log", "log1p", "exp", "where",
    "isnan",
    "isfinite", "isinf", "unique", "sort", "argsort", "argmax", "argmin", "clip", "round", "floor", "ceil",
    "percentile",
    "quantile", "cumsum", "diff", "dot", "reshape", "transpose", "expand_dims", "squeeze", "nan_to_num", "int64",
    "int32", "float64", "float32", "datetime64", "timedelta64", "number", "eye", "random.rand", "random.randn",
    "random.randint", "random.choice", "random.normal", "random.uniform", "random.seed", "random.default_rng",
    "random.permutation", "random.shuffle", "select", "minimum", "maximum", "zeros_like", "ones_like", "allclose",
    "array_split", "split", "histogram", "corrcoef", "cov", "linalg.norm", "linalg.inv", "logical_and", "logical_or",
    "logical_not", "isin", "power", "bool_", "str_", "count_nonzero", "nanmean", "nansum", "nanmax", "nanmin", "dtype",
    "issubdtype", "digitize", "meshgrid", "tile", "repeat", "append", "insert", "delete", "ravel", "prod", "sign",
})  # fmt: skip
METHODS = (
    "reshape", "astype", "mean", "sum", "min", "max", "std", "var", "tolist", "flatten", "ravel", "copy",
    "transpose", "any", "all", "argmax", "argmin", "item", "round", "clip", "cumsum", "dot", "squeeze", "nonzero",
    "sort", "fill", "repeat", "swapaxes", "take", "prod", "normal", "integers", "random", "choice", "uniform",
    "permutation", "tobytes",
)  # fmt: skip


def _array(site: Site) -> Value:
    return Handle(ARRAY, None, site.origins)


def _read(site: Site) -> Value:
    pickled = site.arg(2, "allow_pickle", Known(False))
    found = Handle(ARRAY, None, locations.read(site, site.arg(0)))
    return found if isinstance(pickled, Known) else site.unknown()


def _save(suffix: str) -> Rule:
    """``np.save`` adds the suffix where the name hasn't it."""

    def rule(site: Site) -> Value:
        target = site.arg(0)
        if isinstance(target, Known) and isinstance(target.value, str) and not target.value.endswith(suffix):
            target = Known(target.value + suffix)
        elif isinstance(target, Handle) and target.kind == "files.path" and isinstance(target.data, str):
            target = Known(target.data if target.data.endswith(suffix) else target.data + suffix)
        locations.write(site, local(target), origins_of(site.arg(1, "arr")))
        return NONE

    return rule


def _to_file(site: Site) -> Value:
    locations.write(site, site.arg(0, "fid"), site.handle.origins)
    return NONE


def _pure(site: Site) -> Value:
    return Handle(ARRAY, None, site.origins)


FUNCTIONS: dict[str, Rule] = {
    **{f"numpy.{name}": _array for name in PURE},
    "numpy.load": _read,
    "numpy.loadtxt": _read,
    "numpy.genfromtxt": _read,
    "numpy.fromfile": _read,
    "numpy.save": _save(".npy"),
    "numpy.savez": _save(".npz"),
    "numpy.savez_compressed": _save(".npz"),
    "numpy.savetxt": _save(""),
    "numpy.memmap": unknown,
}

KINDS = {
    ARRAY: Kind(
        methods={
            "tofile": _to_file,
            "dump": lambda site: _to_file(site),
            **dict.fromkeys(METHODS, _pure),
        },
        has_fields=True,
        assignable=True,
        iterated=lambda handle: Handle(ARRAY, None, handle.origins),
    ),
}  # fmt: skip
