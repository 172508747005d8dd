"""SQLAlchemy: engines, connections, sessions and ``text``."""

from __future__ import annotations

from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.databases import TEXT, execute, of_url, target_of
from dagport_lineage.extract.callables.domain import Data, Handle, Known, Value
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing, pure

ENGINE, CONNECTION, RESULT = "sqlalchemy.engine", "sqlalchemy.connection", "sqlalchemy.result"


def _engine(site: Site) -> Value:
    url = as_data(site.arg(0, "url"))
    if isinstance(url, Known) and isinstance(url.value, str):
        return Handle(ENGINE, of_url(url.value))
    return Handle(ENGINE, target_of(url))


def _connect(site: Site) -> Value:
    return Handle(CONNECTION, target_of(site.handle))


def _session(site: Site) -> Value:
    return Handle(CONNECTION, target_of(site.arg(0, "bind")))


def _maker(site: Site) -> Value:
    return Handle("sqlalchemy.maker", target_of(site.arg(0, "bind")))


def _text(site: Site) -> Value:
    return Handle(TEXT, as_data(site.arg(0, "text")))


def _execute(site: Site) -> Value:
    """SQL as a text; statements that are built by calls aren't followed."""
    statement = as_data(site.arg(0, "statement"))
    if not isinstance(statement, Known | Data) and not (isinstance(statement, Handle) and statement.kind == TEXT):
        return site.gap("both", "callable", f"`{site.text}`: the statement isn't a text")
    return Handle(RESULT, None, execute(site, statement, target_of(site.handle)))


FUNCTIONS: dict[str, Rule] = {
    "sqlalchemy.create_engine": _engine,
    "sqlalchemy.engine.create_engine": _engine,
    "sqlalchemy.text": _text,
    "sqlalchemy.sql.text": _text,
    "sqlalchemy.orm.Session": _session,
    "sqlalchemy.orm.sessionmaker": _maker,
    "sqlalchemy.pool.NullPool": pure,
    **{
        f"sqlalchemy.types.{name}": pure
        for name in ("Integer", "String", "Float", "DateTime", "Text", "Numeric", "Date")
    },
    **{f"sqlalchemy.{name}": pure for name in ("Integer", "String", "Float", "DateTime", "Text", "Numeric", "Date")},
}

KINDS = {
    ENGINE: Kind(
        methods={
            "connect": _connect,
            "begin": _connect,
            "raw_connection": lambda site: Handle("dbapi.connection", target_of(site.handle)),
            "execute": _execute,
            "dispose": nothing,
        },
    ),
    CONNECTION: Kind(
        methods={
            "execute": _execute,
            "exec_driver_sql": _execute,
            "scalar": _execute,
            "scalars": _execute,
            "begin": lambda site: Handle(CONNECTION, target_of(site.handle)),
            "execution_options": lambda site: Handle(CONNECTION, target_of(site.handle)),
            "commit": nothing,
            "rollback": nothing,
            "close": nothing,
        },
    ),
    "sqlalchemy.maker": Kind(methods={"__call__": lambda site: Handle(CONNECTION, target_of(site.handle))}),
    RESULT: Kind(is_pure=True, has_fields=True, iterated=lambda handle: Data(None, handle.origins)),
    TEXT: Kind(same=frozenset({"bindparams", "columns", "execution_options"})),
}
