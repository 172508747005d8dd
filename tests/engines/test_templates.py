"""Templates as Airflow renders them, and the Python that is written for them, on plain dates."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from dagport.passes.templates import DATES_AS_TEXT, to_python
from dagport.writers.common import supporting
from tests.engines.environments import Environment, clean_variables

PLACE = Path(__file__).with_name("inside") / "templates.py"
IMPORTS = supporting.text("macros.py") + "\nimport datetime as dt\nimport pendulum\n"
KNOWN = {
    "logical_date": "logical_date",
    "ds": "ds",
    **{f"params.{name}": f'params["{name}"]' for name in ("name", "n", "none", "list", "map")},
    "macros.datetime": "dt.datetime",
    "macros.timedelta": "timedelta",
    "macros.ds_add": "ds_add",
    "macros.ds_format": "ds_format",
    DATES_AS_TEXT: "True",
}
METHODS = (
    "",
    ".date()",
    ".date().isoformat()",
    ".date().strftime('%d.%m.')",
    ".isoformat()",
    ".strftime('%Y%m%d %A')",
    ".timestamp()",
    ".int_timestamp",
    ".weekday()",
    ".isoweekday()",
    ".toordinal()",
    ".year",
    ".microsecond",
    ".day_of_year",
    ".week_of_year",
    ".quarter",
    ".days_in_month",
    ".timezone_name",
    ".add(days=1)",
    ".add(days=1).strftime('%Y-%m-%d')",
    ".add(weeks=-1, hours=3, minutes=1, seconds=2, microseconds=3)",
    ".add(months=1)",
    ".add(years=1)",
    ".add(days=1, months=12)",
    ".subtract(days=60).date()",
    ".subtract(months=13, hours=1)",
    ".start_of('week')",
    ".start_of('month').day",
    ".end_of('month')",
    ".end_of('day').isoformat()",
    ".replace(hour=0, minute=0)",
    ".set(day=1).add(days=1)",
    ".in_timezone('Europe/Berlin')",
    ".in_tz('Australia/Lord_Howe').strftime('%H:%M %z')",
    ".in_timezone('Europe/Berlin').add(months=1).isoformat()",
    ".format('YYYY-MM-DD[T]HH:mm dddd')",
    ".to_date_string()",
    ".to_datetime_string()",
    ".to_time_string()",
    ".to_iso8601_string()",
    ".first_of('month')",
    ".next(1).is_leap_year()",
)
OTHERS = (
    "{{ logical_date - macros.timedelta(days=1) }}",
    "{{ (logical_date + macros.timedelta(hours=2)).strftime('%H') }}",
    "{{ macros.timedelta(days=1) + logical_date }}",
    "{{ (logical_date - macros.timedelta(1)) | ds }}",
    "{{ logical_date.add(days=1) | ts_nodash }} {{ logical_date | ds_nodash }}",
    "{{ (logical_date - logical_date.subtract(days=3)).days }}",
    "{{ (logical_date - logical_date.add(days=3)).total_seconds() }}",
    "{{ (logical_date - logical_date.subtract(hours=30)).in_hours() }}",
    "{{ logical_date - logical_date.subtract(days=2, hours=3) }}",
    "{{ logical_date.diff(logical_date.add(days=3)).in_days() }}",
    "{{ logical_date > logical_date.subtract(days=1) }} {{ logical_date == logical_date.add(months=0) }}",
    "{{ logical_date.date() - macros.timedelta(days=1, hours=23) }}",
    "{{ macros.datetime(2020, 1, 2) }} {{ macros.datetime.strptime(ds, '%Y-%m-%d') }}",
    "{{ (macros.datetime.strptime(ds, '%Y-%m-%d') - macros.timedelta(days=2)).strftime('%Y/%m/%d') }}",
    "{{ (macros.datetime(2020, 1, 2) - macros.datetime(2019, 1, 2)).days }}",
    "{{ macros.timedelta(days=1, hours=2) * 2 }} {{ macros.timedelta(hours=3).total_seconds() }}",
    "{{ macros.ds_add(ds, 5) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d/%m') }}",
    "{{ logical_date ~ '!' }}{{ 'on ' ~ logical_date.date() }}",
    "{{ logical_date if params.n else logical_date.add(days=1) }}",
    "{{ '%02d-%s' | format(logical_date.month, ds) }}",
    "{{ params.name | tojson }} {{ params.map | tojson }} {{ params.list | tojson }} {{ params.none | tojson }}",
    "{{ params.name | tojson | replace('&', '<') ~ '<' }}{{ params.name | tojson | upper ~ '<' }}",
    "{{ '<%s>' | format(params.name | tojson) }}{{ params.name | tojson | trim | length }}",
    "{{ params.n | int + 1 }} {{ params.name | int }} {{ params.none | int }} {{ (params.n | int) * 2 }}",
    "{{ params.none | default('d') }} {{ params.none | default('d', true) }} {{ params.n | d(1) }}",
    "{% if params.n == '7' %}seven{% elif params.none %}none{% else %}more{% endif %} of {{ ds }}",
    "{% if not params.none %}\n  a {{ ds }}\n{% endif %}\n",
    "{% for i in range(3) %}{{ i }},{% endfor %}",
    "{% for i in range(1, 8, 3) %}\n  echo \"{{ ds }}\"\n  echo '{{ macros.ds_add(ds, i) }}'\n{% endfor %}\n",
    "{% for x in params.list %}{{ loop.index }}{{ x }}{{ loop.index0 }}{% if loop.first %}!{% endif %} {% endfor %}",
    "{% for k, v in params.map.items() %}{{ k }}={{ v }};{% endfor %}{% for k in params.map %}{{ k }}{% endfor %}",
    "{% for x in params.list if x %}[{{ x }}]{% endfor %}",
    "{% for a in params.list %}{% for b in 'xy' %}{{ a }}{{ b }} {% endfor %}{% endfor %}",
    "{% set first = logical_date.start_of('month') %}{{ first.strftime('%d') }} {{ first }}",
    "{% set n = params.n | int %}{% set m = n + 1 %}{{ n }}{{ m }}",
    "{% for i in range(2) %}{% set twice = i * 2 %}{{ twice }}{% endfor %}",
    "{%- for i in range(2) -%}  {{ i }}  {%- endfor -%}  x",
)
TEMPLATES = [*(f"{{{{ logical_date{method} }}}}" for method in METHODS), *OTHERS]


@pytest.mark.engine
@pytest.mark.parametrize("version", ["airflow3", "airflow2"])
def test_both_give_the_same_text(version: str, request: pytest.FixtureRequest) -> None:
    engine: Environment = request.getfixturevalue(version)
    sources = [to_python(template, KNOWN) for template in TEMPLATES]
    assert [template for template, source in zip(TEMPLATES, sources, strict=True) if source is None] == []
    ran = subprocess.run(
        [engine.python, PLACE, IMPORTS],
        input=json.dumps(list(zip(TEMPLATES, sources, strict=True))),
        env=clean_variables(),
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers = json.loads(ran.stdout)
    assert len(answers) == len(TEMPLATES)
    different = {
        template: (rendered, ours)
        for template, (rendered, ours) in zip(TEMPLATES, answers, strict=True)
        if rendered != ours
    }
    assert different == {}


CONNECTIONS = (
    "postgresql://u:p%40%2F@Host.Example:5432/my%20db?sslmode=require&a=",
    "http://https://h.x/path",
    "http://http://u:p@h:1/s?x=1",
    "google-cloud-platform://?project=x",
    "postgres://%2Fcloudsql%2FInst:x/db",
    "redis://:pw@h:6379/0",
    "generic://?__extra__=%7B%22a%22%3A+1%7D",
    "generic://?__extra__=none",
    "kafka://b1:9092,b2:9092",
    '{"conn_type": "postgresql", "host": "h", "extra": {}, "port": "80"}',
    '{"conn_type": "a", "extra": "", "port": 0}',
    '{"conn_type": "a", "extra": {"b": [1]}, "port": ""}',
    '{"conn_type": "a", "extra": [1]}',
    '{"conn_type": "a", "port": "x"}',
)


@pytest.mark.engine
@pytest.mark.parametrize("version", ["airflow3", "airflow2"])
def test_connections_are_read_alike(version: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    engine: Environment = request.getfixturevalue(version)
    (tmp_path / "connections.py").write_text(supporting.text("connections.py"), "utf-8")
    ran = subprocess.run(
        [engine.python, PLACE.with_name("connections.py"), tmp_path / "connections.py"],
        input=json.dumps(CONNECTIONS),
        env=clean_variables(),
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == []
