"""What must not be shown: credentials in URIs, in settings, and as they are known to look; literals of SQL by option.

Rather too much is hidden than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

HIDDEN = "***"
SHORTEST = 5  # characters of a given secret that is looked for everywhere; shorter ones are part of anything
NAMES = (
    r"(?:access|auth|client|db|id|pg|redis|refresh|user)?(?:pass(?:wd|word|phrase|code)|secret|token)"
    r"|pass(?![a-z])|pwd|pw(?![a-z])|api[_-]?key|access[_-]?key(?:_id)?|private[_-]?key|service[_-]?key"
    r"|account[_-]?key|credentials?|authorization|signature|keyfile_dict|sig(?!\w)"
)
LITERALS = (
    "BIT_STRING", "BYTE_STRING", "HEREDOC_STRING", "HEX_STRING", "NATIONAL_RAW_STRING", "NATIONAL_STRING", "NUMBER",
    "RAW_STRING", "STRING", "UNICODE_STRING",
)  # fmt: skip
"""Kinds of sqlglot's tokens."""
WORDS = frozenset({"pass", "pw", "secret", "token", "key", "credential", "authorization", "sig"})


@dataclass(frozen=True, slots=True)
class Shape:
    """How a credential looks, what is shown in its place, and what is in every text that has it, in small letters."""

    pattern: re.Pattern[str]
    shown: str
    marks: frozenset[str]


# Every repetition that may fail is bounded: texts of users are hostile at times, and long.
SHAPES = (
    # the login and the password of a URI; a port before an `@` in its path is none
    Shape(
        re.compile(r"(://)[^\s/:@'\"?#]{0,200}:(?!\d{1,5}[/?#])[^\s'\"]{0,1000}@"),
        rf"\g<1>{HIDDEN}@",
        frozenset({"://"}),
    ),
    Shape(
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
        frozenset({"private key"}),
    ),
    Shape(re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]{8,}"), rf"\1\2{HIDDEN}", frozenset({"bearer", "basic"})),
    Shape(re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN, frozenset({"akia", "asia"})),
    Shape(
        re.compile(r"\b(?:gh[opsru]_\w{20,}|github_pat_\w{20,}|xox[abeprs]-[\w-]{10,})"),
        HIDDEN,
        frozenset({"gh", "xox"}),
    ),
    Shape(re.compile(r"\beyJ[\w-]{8,500}\.[\w-]{8,2000}\.[\w-]{0,1000}"), HIDDEN, frozenset({"eyj"})),
    Shape(re.compile(r"(hooks\.slack\.com/services/)[\w/]+"), rf"\1{HIDDEN}", frozenset({"hooks.slack"})),
    # name = 'value', "name": "value", NAME 'value'; doubled and escaped quotes belong to the value
    Shape(
        re.compile(
            rf"(?i)((?<![^\W_])(?:{NAMES})[\w-]{{0,40}}['\"]?\s{{0,8}}(?:=>?|:[\w\[\] |.]{{1,40}}=|:|\s)\s{{0,8}}"
            r"[a-z]?)(['\"])(?:\\.|\2\2|(?!\2).)*(?:\2|\Z)",
            re.DOTALL,
        ),
        rf"\1\2{HIDDEN}\2",
        WORDS,
    ),
    # name=value without quotes, as in connection strings; what is called, as in `password=read()`, is code
    Shape(
        re.compile(
            rf"(?i)((?<![^\W_])(?:{NAMES})[\w-]{{0,40}}=)(?![a-z]{{0,2}}['\"]|\*\*\*|[\w.]+\()[^\s'\",;&(){{}}\[\]]+",
        ),
        rf"\1{HIDDEN}",
        WORDS,
    ),
    # name: value without quotes, as in YAML and prose; without a digit it may as well be a type or a word
    Shape(
        re.compile(
            rf"(?i)((?<![^\W_])(?:{NAMES})[\w-]{{0,40}}:\s{{0,8}})(?=[^\s'\",;]{{0,200}}\d)[^\s'\",;(){{}}\[\]]{{6,}}"
        ),
        rf"\1{HIDDEN}",
        WORDS,
    ),
    # options of programs: --password value, curl -u name:value, mysql -pvalue, sshpass -p value
    Shape(
        re.compile(rf"(?i)(\s--?(?:{NAMES})[\w-]{{0,40}}\s{{1,8}})(?![-$'\"{{|&;<>])[^\s'\"]+"), rf"\1{HIDDEN}", WORDS
    ),
    Shape(
        re.compile(r"(\s(?:-u|--user|--proxy-user)[\s=]{0,8}['\"]?[^\s:'\"]{1,200}:)(?![$'\"{/])[^\s'\"]+"),
        rf"\1{HIDDEN}",
        frozenset({" -u", "--user", "--proxy-user"}),
    ),
    Shape(
        re.compile(
            r"(\b(?:mysql|mariadb)[\w-]{0,20}\s[^\n|;]{0,300}?(?<=\s)-p"
            r"|\blogin\s[^\n|;]{0,200}?(?<=\s)-p\s{1,8}|\bsshpass\s{1,8}-p\s{0,8})(?![$\s{])\S+"
        ),
        rf"\1{HIDDEN}",
        frozenset({"mysql", "mariadb", "sshpass", "login"}),
    ),
    # auth=("name", "value")
    Shape(
        re.compile(
            r"(?i)(auth(?:\s{0,8}=\s{0,8})?\([^,()\n]{1,200},\s{0,40}[a-z]?)(['\"])(?:\\.|(?!\2).)*(?:\2|\Z)", re.DOTALL
        ),
        rf"\1\2{HIDDEN}\2",
        frozenset({"auth"}),
    ),
)
MARKS = sorted(frozenset().union(*(shape.marks for shape in SHAPES)))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without what looks like a credential in it, and without the given secrets.

    Secrets of less than ``SHORTEST`` characters aren't looked for.
    """
    for secret in sorted((item for item in secrets if len(item) >= SHORTEST), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    small = text.lower()
    found = [mark for mark in MARKS if mark in small]
    if not found:
        return text
    for shape in SHAPES:
        if not shape.marks.isdisjoint(found):
            text = shape.pattern.sub(shape.shown, text)
    return text


def hide_literals(sql: str, dialect: str | None) -> str:
    """SQL with ``?`` for each text and number in it, and without its comments.

    ``dialect`` is a name of sqlglot's. Where it isn't known, a name between double quotes may be a text, and is hidden
    too. SQL that can't be read is hidden as a whole.
    """
    from sqlglot import Dialect, TokenType  # start-up
    from sqlglot.errors import SqlglotError

    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, ValueError, RecursionError):
        return HIDDEN
    literal = {getattr(TokenType, name) for name in LITERALS}
    parts: list[str] = []
    end = 0
    for token in tokens:
        between = sql[end : token.start]
        parts.append(between if not between.strip() else "\n" if "\n" in between else " ")
        written = sql[token.start : token.end + 1]
        hidden = token.token_type in literal or (dialect is None and written.startswith('"'))
        parts.append("?" if hidden else written)
        end = token.end + 1
    return "".join(parts).strip()
