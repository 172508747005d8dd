"""``jinja2``: templates of the project, rendered with known values while a file is imported."""

from __future__ import annotations

import datetime
import posixpath
from typing import TYPE_CHECKING

from dagport.evaluate import files, located
from dagport.evaluate.domain import (
    CONTAINERS,
    Anything,
    CallSite,
    External,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    SourceFile,
    Unknown,
    is_plain,
    walk,
)
from dagport.evaluate.library.support import bound, lost, opaque, tolerant
from dagport.evaluate.rendering import OPTIONS, Refused, TemplateError, render

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

PLAIN = (type(None), bool, int, float, str, list, tuple, dict, datetime.date, datetime.time, datetime.timedelta)
UNDEFINED = {"jinja2.Undefined": False, "jinja2.StrictUndefined": True}


class Template(Model):
    """A template and the options of its environment."""

    __slots__ = ("options", "strict", "text", "values")
    type_name = "jinja2.environment.Template"

    def __init__(self, text: str, options: dict[str, Anything], values: dict[str, Anything], *, strict: bool) -> None:
        self.text = text
        self.options = options
        self.values = values  # globals
        self.strict = strict

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``render``."""
        return NativeFunction(name, self._render) if name == "render" else NotImplemented

    def _render(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if len(args) > 1 or not all(isinstance(arg, dict) and all(isinstance(key, str) for key in arg) for arg in args):
            return lost(machine, args, site, "what the template is rendered with isn't known")
        values = {**self.values, **(args[0] if args else {}), **kwargs}
        if not is_plain(values) or not all(isinstance(item, PLAIN) for item in walk([values])):
            return lost(machine, [values], site, "what the template is rendered with isn't plain data")
        if any(isinstance(item, CONTAINERS) and not isinstance(item, list | tuple | dict) for item in walk([values])):
            return machine.unknown("the order of a set isn't known", site)
        machine.step(len(self.text) // 4)
        try:
            return render(self.text, self.options, self.strict, values)
        except Refused as refused:
            return machine.unknown(str(refused), site)
        except TemplateError as error:
            raise PyRaise(error.name, str(error)) from None


class Environment(Model):
    """``jinja2.Environment(...)`` with a loader of project folders, or without one."""

    __slots__ = ("folders", "lost", "options", "strict", "values")
    type_name = "jinja2.environment.Environment"

    def __init__(self, folders: list[SourceFile], options: dict[str, Anything], *, strict: bool) -> None:
        self.folders = folders
        self.options = options
        self.strict = strict
        self.values: dict[str, Anything] = {}
        self.lost: Unknown | None = None

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``get_template``, ``from_string``, ``globals``."""
        if name == "globals":
            return self.values
        natives: dict[str, Native] = {"get_template": self._get_template, "from_string": self._from_string}
        if name in natives:
            return NativeFunction(name, tolerant(natives[name]))
        self.lost = machine.unknown(f"`{name}` of a template environment isn't followed", site)
        return self.lost

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """Settings that are made later aren't followed."""
        self.lost = machine.unknown(f"`{name}` of a template environment isn't followed", site)
        return None

    def _from_string(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        (text,) = bound(args, kwargs, "source")
        if self.lost is not None or not isinstance(text, str):
            return lost(machine, [self.lost, text], site)
        return Template(text, self.options, self.values, strict=self.strict)

    def _get_template(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        (name,) = bound(args, kwargs, "name")
        parts = name.split("/") if isinstance(name, str) else [".."]
        if self.lost is not None or not self.folders or ".." in parts:
            return lost(machine, [self.lost, name], site, "where the template comes from isn't known")
        for folder in self.folders:
            path = located.joined(machine, [folder, posixpath.join(*filter(None, parts))], site)
            content = files.read(machine, path, site)
            if isinstance(content, Unknown):
                return content  # a later folder may have it, or this one in the deployment
            text = files.decoded(machine, content, None, None, site)
            if isinstance(text, Unknown):
                return text
            return self._from_string(machine, [text.replace("\r\n", "\n")], {}, site)
        return lost(machine, [name], site)


class Loader(Model):
    """``FileSystemLoader(...)`` of folders of the project."""

    __slots__ = ("folders",)
    type_name = "jinja2.loaders.FileSystemLoader"

    def __init__(self, folders: list[SourceFile]) -> None:
        self.folders = folders


def _options(
    machine: Machine, kwargs: dict[str, Anything], site: CallSite
) -> tuple[dict[str, Anything], bool] | Unknown:
    """The options of an environment, and whether names that aren't defined raise."""
    options = dict(kwargs)
    undefined = options.pop("undefined", External("jinja2.Undefined"))
    strict = UNDEFINED.get(undefined.name) if isinstance(undefined, External) else None
    if strict is None or not is_plain(options) or not set(options) <= OPTIONS:
        return lost(machine, [undefined, *options.values()], site, "these options of templates aren't followed")
    return options, strict


def _template(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    options = _options(machine, {key: value for key, value in kwargs.items() if key != "source"}, site)
    (text,) = args if len(args) == 1 else (kwargs.get("source"),)
    if isinstance(options, Unknown) or not isinstance(text, str):
        return lost(machine, [options, text], site)
    return Template(text, options[0], {}, strict=options[1])


def _environment(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    loader = kwargs.get("loader")
    options = _options(machine, {key: value for key, value in kwargs.items() if key != "loader"}, site)
    if args or isinstance(options, Unknown) or not (loader is None or isinstance(loader, Loader)):
        return lost(machine, [*args, options, loader], site, "where the templates come from isn't known")
    folders = loader.folders if isinstance(loader, Loader) else []
    return Environment(folders, options[0], strict=options[1])


def _loader(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (places,) = bound(args, kwargs, "searchpath")
    texts = [files.as_text(place) for place in (places if isinstance(places, list | tuple) else [places])]
    if not all(isinstance(text, SourceFile) for text in texts):
        return lost(machine, [files.project_path(machine, text, site) for text in texts], site, located.PREFIX)
    return Loader(texts)


FUNCTIONS: dict[str, Native] = {
    "jinja2.Environment": tolerant(_environment),
    "jinja2.FileSystemLoader": tolerant(_loader),
    "jinja2.Template": tolerant(_template),
    "jinja2.environment.Environment": tolerant(_environment),
    "jinja2.environment.Template": tolerant(_template),
    "jinja2.loaders.FileSystemLoader": tolerant(_loader),
    "jinja2.sandbox.SandboxedEnvironment": opaque("templates in a sandbox aren't followed"),
}
