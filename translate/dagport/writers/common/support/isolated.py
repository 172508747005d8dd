"""Run a function in another Python: one that is installed, or a virtual environment made for it.

The function's own source is run there, so it sees only what it imports itself. Its arguments and its result go through
files, by `pickle` or the serializer that is named, which both sides need to have.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SCRIPT = """\
from __future__ import annotations

{source}


def _run_isolated(function, given, result, message):
    import {serializer} as pickling

    with open(given, "rb") as file:
        call = pickling.load(file)
    try:
        value = function(*call["args"], **call["kwargs"])
    except Exception as error:
        with open(message, "w") as file:
            file.write(str(error))
        raise
    with open(result, "wb") as file:
        pickling.dump(value, file)


if __name__ == "__main__":
    _run_isolated({name}, *__import__("sys").argv[1:])
"""


def run_in_python(
    python: str,
    function: Callable[..., Any],
    *,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    serializer: str = "pickle",
    env: Mapping[str, str] | None = None,
    inherit_env: bool = True,
) -> Any:
    """The function's result when it is run by the interpreter at the absolute path `python`.

    What it prints is printed here. Raises `RuntimeError` when it fails, with the error's own message.
    """
    if not (Path(python).is_absolute() and Path(python).is_file()):
        raise ValueError(f"{python!r} isn't the absolute path of a Python interpreter")
    pickling = importlib.import_module(serializer)
    with tempfile.TemporaryDirectory(prefix="isolated-") as folder:
        script, given, result, message = (Path(folder, name) for name in ("script.py", "given", "result", "message"))
        source = textwrap.dedent(inspect.getsource(function))
        script.write_text(SCRIPT.format(source=source, serializer=serializer, name=function.__name__), "utf-8")
        given.write_bytes(pickling.dumps({"args": list(args), "kwargs": dict(kwargs or {})}))
        environment = {**(os.environ if inherit_env else {}), **(env or {})}
        code = _run([python, str(script), str(given), str(result), str(message)], environment)
        if code != 0:
            reason = message.read_text("utf-8") if message.exists() else ""
            raise RuntimeError(f"`{function.__name__}` ended with exit code {code} in {python}. {reason}".rstrip())
        return pickling.loads(result.read_bytes())


def run_in_virtualenv(
    function: Callable[..., Any],
    *,
    requirements: Sequence[str] = (),
    python_version: str | None = None,
    system_site_packages: bool = True,
    install_options: Sequence[str] = (),
    index_urls: Sequence[str] = (),
    cache: str | os.PathLike[str] | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    serializer: str = "pickle",
    env: Mapping[str, str] | None = None,
    inherit_env: bool = True,
) -> Any:
    """The function's result when it is run in a virtual environment with these requirements.

    The environment is removed afterwards, unless `cache` names a folder in which it is kept for the next run that asks
    for the same. It is made by `uv` where that is installed, else by `venv` and `pip`.
    """
    wanted = {str(item) for item in requirements}
    if serializer != "pickle" and not system_site_packages:
        wanted.add(serializer)
    settings: dict[str, Any] = {
        "requirements": sorted(wanted),
        "python_version": python_version,
        "system_site_packages": system_site_packages,
        "install_options": list(install_options),
        "index_urls": list(index_urls),
    }
    call: dict[str, Any] = {
        "args": args, "kwargs": kwargs, "serializer": serializer, "env": env, "inherit_env": inherit_env,
    }  # fmt: skip
    if cache is not None:
        return run_in_python(_cached(Path(cache), settings), function, **call)
    with tempfile.TemporaryDirectory(prefix="virtualenv-") as folder:
        return run_in_python(_make(Path(folder), **settings), function, **call)


def _cached(folder: Path, settings: Mapping[str, Any]) -> str:
    """The interpreter of an environment with these settings, made when there is none that is complete."""
    described = json.dumps(settings, sort_keys=True)
    place = folder.absolute() / f"virtualenv-{hashlib.sha256(described.encode()).hexdigest()[:12]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = place / "complete.json"
        if not complete.exists():
            shutil.rmtree(place, ignore_errors=True)
            _make(place, **settings)
            complete.write_text(described, "utf-8")
    return str(place / "bin" / "python")


def _make(
    folder: Path,
    *,
    requirements: Sequence[str],
    python_version: str | None,
    system_site_packages: bool,
    install_options: Sequence[str],
    index_urls: Sequence[str],
) -> str:
    """Make a virtual environment in a folder; returns its interpreter."""
    by_uv = shutil.which("uv") is not None
    base = f"python{python_version}" if python_version else sys.executable
    make = ["uv", "venv", "--allow-existing", "--seed", "--python", base] if by_uv else [base, "-m", "venv"]
    python = str(folder / "bin" / "python")
    install = ["uv", "pip", "install", "--python", python] if by_uv else [python, "-m", "pip", "install"]
    commands = [[*make, *["--system-site-packages"] * system_site_packages, str(folder)]]
    commands += [[*install, *install_options, *requirements]] if requirements else []
    environment = {**os.environ, **_indexes(index_urls)}
    for command in commands:
        if code := _run(command, environment):
            raise RuntimeError(f"`{' '.join(command)}` ended with exit code {code}")
    return python


def _indexes(urls: Sequence[str]) -> dict[str, str]:
    if not urls:
        return {}
    first, more = urls[0], " ".join(urls[1:])
    found = {"PIP_INDEX_URL": first, "UV_DEFAULT_INDEX": first}
    return {**found, "PIP_EXTRA_INDEX_URL": more, "UV_INDEX": more} if more else found


def _run(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command, printing what it writes; returns its exit code."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(env)) as process:
        try:
            for line in process.stdout or ():
                sys.stdout.write(line.decode(errors="replace"))
        except BaseException:
            process.kill()  # a run that is cancelled takes it along
            raise
        return process.wait()
