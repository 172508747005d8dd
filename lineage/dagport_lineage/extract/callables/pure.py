"""Functions that are known to touch no data: what they give is made of their arguments alone.

Looking at the clock, at the names of files, or at what is installed isn't reading data here, and neither is logging.
"""

from __future__ import annotations

import os

from dagport_lineage.extract.callables.domain import PURE, Handle, Known, Value

BUILTINS = frozenset({
    "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "complex", "dict", "dir",
    "divmod", "enumerate", "filter", "float", "format", "frozenset", "hasattr", "hash", "hex", "id", "int",
    "isinstance", "issubclass", "iter", "len", "list", "map", "max", "memoryview", "min", "next", "object", "oct",
    "ord",
    "pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type",
    "zip",
})  # fmt: skip

MODULES = (
    "base64.", "binascii.", "bisect.", "calendar.", "cmath.", "collections.", "colorsys.", "copy.", "datetime.",
    "dateutil.", "decimal.", "difflib.", "enum.", "fnmatch.", "fractions.", "functools.reduce", "functools.cmp_to_key",
    "hashlib.", "heapq.", "hmac.", "html.", "ipaddress.", "itertools.", "json.", "math.", "numbers.", "operator.",
    "pendulum.",
    "platform.", "pprint.", "pytz.", "random.", "re.", "secrets.", "statistics.", "string.", "struct.", "textwrap.",
    "time.", "timeit.default_timer", "traceback.", "typing.", "unicodedata.", "urllib.parse.", "uuid.", "warnings.",
    "zlib.", "zoneinfo.", "croniter.", "orjson.", "simplejson.", "ujson.", "tabulate.", "contextlib.suppress",
    "os.path.", "glob.", "types.SimpleNamespace", "gc.collect", "string.Template", "slugify.", "humanize.",
    "asyncio.run", "asyncio.gather", "asyncio.sleep", "asyncio.wait_for", "asyncio.create_task", "shlex.", "locale.",
)  # fmt: skip
"""Beginnings of qualified names; a dot at the end stands for all of a module."""

BUT = frozenset({
    "typing.get_type_hints", "os.path.walk", "random.SystemRandom", "json.tool", "collections.abc",
    "platform.popen", "hashlib.file_digest",
})  # fmt: skip

FUNCTIONS = frozenset({
    "os.getcwd", "os.getpid", "os.cpu_count", "os.listdir", "os.walk", "os.scandir", "os.stat", "os.makedirs",
    "os.mkdir",
    "os.access", "os.uname", "os.urandom", "os.getlogin", "os.fspath", "os.chdir", "os.chmod", "os.umask", "os.getuid",
    "os.get_terminal_size", "sys.exit", "sys.getsizeof", "sys.getrecursionlimit", "sys.stdout.write",
    "sys.stderr.write", "sys.stdout.flush", "io.StringIO", "io.BytesIO", "dataclasses.asdict", "dataclasses.field",
    "dataclasses.replace", "socket.gethostname", "threading.Lock", "threading.RLock", "inspect.cleandoc",
    "importlib.util.find_spec", "importlib.metadata.version", "multiprocessing.cpu_count", "tracemalloc.start",
    "csv.reader", "csv.DictReader", "csv.writer", "csv.DictWriter", "yaml.safe_load", "yaml.safe_dump", "yaml.dump",
    "tomllib.load", "tomllib.loads", "tomli.load", "tomli.loads", "toml.loads", "toml.dumps", "tqdm.tqdm",
    "tqdm.auto.tqdm",
    "airflow:days_ago", "airflow:chain", "airflow:Label", "psutil.virtual_memory", "psutil.cpu_percent",
})  # fmt: skip

KEEPS = frozenset({
    "print", "len", "sorted", "enumerate", "zip", "list", "dict", "tuple", "set", "str", "isinstance", "min", "max",
    "sum", "any", "all", "type", "repr", "frozenset", "bool", "int", "float", "map", "filter", "reversed", "range",
    "iter",
})  # fmt: skip
"""Functions that leave the lists and dicts they are handed as they are."""

CONSTANTS: dict[str, Value] = {
    "os.sep": Known("/"),
    "os.linesep": Known("\n"),
    "os.curdir": Known("."),
    "os.environ": Handle("files.environ"),
    "math.pi": PURE,
    "math.inf": PURE,
    "math.nan": PURE,
    "sys.argv": PURE,
    "sys.version_info": PURE,
    "sys.version": PURE,
    "sys.platform": PURE,
    "sys.maxsize": PURE,
    "sys.path": PURE,
    "sys.stdout": PURE,
    "sys.stderr": PURE,
    "os.name": Known(os.name) if os.name == "posix" else PURE,
    "typing.TYPE_CHECKING": Known(False),
    "datetime.timezone.utc": PURE,
    "datetime.UTC": PURE,
}


def is_pure(name: str) -> bool:
    """Whether a function touches no data, by its qualified name."""
    package, _, rest = name.partition(".")
    if package == "builtins":
        return rest in BUILTINS or is_exception(rest)
    return name in FUNCTIONS or (name.startswith(MODULES) and name not in BUT) or is_exception(name)


def is_exception(name: str) -> bool:
    """Whether a name is that of an exception, whose construction does nothing."""
    last = name.rpartition(".")[2]
    return last.endswith(("Error", "Exception", "Warning")) or last in (
        "StopIteration",
        "KeyboardInterrupt",
        "SystemExit",
    )


def keeps(name: str) -> bool:
    """Whether a function leaves its arguments as they are."""
    package, _, rest = name.partition(".")
    return (package == "builtins" and rest in KEEPS) or name.startswith(
        ("json.", "os.path.", "pathlib.", "math.", "re.")
    )


LOOKS = frozenset({
    "print", "isinstance", "issubclass", "len", "type", "str", "repr", "id", "bool", "hasattr", "int", "float",
    "format",
    "callable", "hash", "dict",
})  # fmt: skip
"""Functions that don't call what they are handed, nor go through it."""


def looks(name: str) -> bool:
    """Whether a function only looks at its arguments, whatever they are."""
    package, _, rest = name.partition(".")
    return (package == "builtins" and (rest in LOOKS or is_exception(rest))) or name.startswith("logging.")
