"""What looks like a credential isn't shown, and what doesn't, is."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_lineage.secrets import HIDDEN, hide_literals, redact

REDACTED = {
    "postgres://scott:tiger@h/db": "postgres://***@h/db",
    "see postgres://scott:ti@g/er@h:5432/db, please": "see postgres://***@h:5432/db, please",
    "password = 'ti''ger' x": "password = '***' x",
    "CREATE USER x PASSWORD 'tiger'": "CREATE USER x PASSWORD '***'",
    '{"token": "ab\\"cd", "a": 1}': '{"token": "***", "a": 1}',
    "{'api_key': 'abc', 'a': 1}": "{'api_key': '***', 'a': 1}",
    "host=h password=tiger port=1": "host=h password=*** port=1",
    "DB_PASSWORD=tiger": "DB_PASSWORD=***",
    "f(secret_key='abc')": "f(secret_key='***')",
    "password='never closed": "password='***'",
    "password=f'tiger'": "password=f'***'",
    "credentials 'aws_access_key_id=A;aws_secret_access_key=b/c+'": "credentials '***'",
    "Authorization: Bearer abcdef.ghijkl": "Authorization: Bearer ***",
    "key AKIAABCDEFGHIJKLMNOP!": "key ***!",
    "ghp_abcdefghijklmnopqrstuvwxyz": "***",
    "xoxb-123456789012-abcdef": "***",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-def_": "***",
    "https://hooks.slack.com/services/T0/B0/abc": "https://hooks.slack.com/services/***",
    "db_pass: str = 'tiger'": "db_pass: str = '***'",
    'token: str | None = "tiger"': 'token: str | None = "***"',
    "PGPASSWORD=tiger psql": "PGPASSWORD=*** psql",
    '{"clientSecret": "tiger"}': '{"clientSecret": "***"}',
    "-H 'X-Api-Key: t1gert1ger'": "-H 'X-Api-Key: ***'",
    "docker login -u scott -p tiger": "docker login -u scott -p ***",
    "PW = 'tiger'": "PW = '***'",
    "api_key: t1ger-tiger, and more": "api_key: ***, and more",
    "run --password tiger --token=tiger x": "run --password *** --token=*** x",
    "curl -u scott:tiger https://h/": "curl -u scott:*** https://h/",
    "curl --user 'scott:tiger' https://h/": "curl --user 'scott:***' https://h/",
    "mysqldump -u scott -ptiger shop > x": "mysqldump -u scott -p*** shop > x",
    "sshpass -p tiger ssh h": "sshpass -p *** ssh h",
    "get(url, auth=('scott', 'tiger'))": "get(url, auth=('scott', '***'))",
    'HTTPBasicAuth("scott", "tiger")': 'HTTPBasicAuth("scott", "***")',
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----": "***",
    "https://x.blob.core.windows.net/c/b?sv=1&sig=abc%3D&se=2": "https://x.blob.core.windows.net/c/b?sv=1&sig=***&se=2",
}
KEPT = [
    "s3://bucket/key",
    "http://h:8080/a@b",
    "abfss://container@account.dfs.core.windows.net/x",
    "postgres://scott@h/db",
    "select a.token from a join b on a.token = b.token",
    "keyspace = 'x' monkey='x' passenger='y' sigma='z'",
    "f(password=read())",
    "f(password=conn.read(1))",
    "git@github.com:a/b",
    "def f(token: str, password: str | None = None) -> None: ...",
    "token: which one to take",
    "curl -u $NAME:$PASS https://h/",
    "mysql -h h -p < x.sql",
    "run --password $PASS --token {{ var.value.token }}",
    "auth(a, b) and auth=(name, read())",
    "basic and bearer",
    "",
]


@pytest.mark.parametrize("text", REDACTED)
def test_redacted(text: str) -> None:
    assert redact(text) == REDACTED[text]
    assert redact(REDACTED[text]) == REDACTED[text]


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    assert redact(text) == text


def test_given_secrets() -> None:
    assert redact("a tiger, two tigers", ["tiger", "tigers", "a"]) == f"a {HIDDEN}, two {HIDDEN}"


secrets = st.text("abcdefghijklmnopqrstuvwxyz0123456789/+-_.", min_size=6, max_size=30)


@settings(deadline=None)
@given(
    st.sampled_from([
        "postgres://u:{}@h/x", "password='{}'", 'x "secret": "{}", y', "a=b;pwd={};c=d", "PASSWORD '{}'", "token={} z",
        "https://user:{}@h/a/b?c=d",
    ]),
    secrets,
)  # fmt: skip
def test_never_shown(shape: str, secret: str) -> None:
    assert f"S{secret}S" not in redact(f"before {shape.format(f'S{secret}S')} after")


@pytest.mark.parametrize(
    "text",
    [
        "://" * 20_000, "://a:" * 10_000, "token" * 20_000, "pass-" * 20_000, "token = " * 10_000,
        "a://" + ":" * 50_000,
        "password='" + "\\" * 50_000, "password='" + "''" * 50_000, "token" + " " * 50_000, "eyJ-" * 20_000,
        "-----BEGIN PRIVATE KEY-----" * 2_000, "-----BEGIN " + "A " * 20_000,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_hostile_texts_take_no_time(text: str) -> None:
    start = process_time()
    redact(text)
    assert process_time() - start < 2


LITERALS = {
    ("select 'a''b', 12, \"c\" -- hi\nfrom t /* s3cret */ where x = $$abc$$", "postgres"): (
        'select ?, ?, "c"\nfrom t where x = ?'
    ),
    ("select \"a\" from `b` where c = '{{ ds }}' # no", "bigquery"): "select ? from `b` where c = ?",
    ('select "a" from `b` where c = 1.5', "mysql"): "select ? from `b` where c = ?",
    ('select "x" from t where y = 1', None): "select ? from t where y = ?",
    ("select * from t where d > date '2020-01-01'; insert into u values (1, 'x')", "snowflake"): (
        "select * from t where d > date ?; insert into u values (?, ?)"
    ),
    ("copy t from 's3://b/k' credentials 'abc'", "redshift"): "copy t from ? credentials ?",
    ("select 'never closed", "mysql"): HIDDEN,
    ("select 1", "no such dialect"): HIDDEN,
    ("", "postgres"): "",
}


@pytest.mark.parametrize(("sql", "dialect"), LITERALS)
def test_literals(sql: str, dialect: str | None) -> None:
    assert hide_literals(sql, dialect) == LITERALS[sql, dialect]


@settings(deadline=None)
@given(secrets, st.sampled_from(["postgres", "bigquery", "snowflake", "mysql", "tsql", "oracle", None]))
def test_literals_are_never_shown(secret: str, dialect: str | None) -> None:
    sql = f"select * from t -- Q{secret}Q\nwhere a = 'Q{secret}Q' and b in (1, 'x Q{secret}Q')"
    assert f"Q{secret}Q" not in hide_literals(sql, dialect)
