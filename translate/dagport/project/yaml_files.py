"""Which YAML files of a folder are read: those that look like configurations of dag-factory."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".yml", ".yaml")
# An operator is a dotted name, or says where the name comes from: in other tools' files (Kubernetes, Tekton, Ansible)
# the same key has a plain word.
OPERATOR = re.compile(rb"""(?:^|[\s{,"'])(?:operator|decorator)["']?[ \t]*:[ \t]*(?:["']?[A-Za-z_]\w*\.\w|[*&$])""")


def is_yaml(path: str | Path) -> bool:
    """Whether a name is that of a YAML file."""
    return str(path).lower().endswith(SUFFIXES)


def mentions_tasks(data: bytes) -> bool:
    """Whether a YAML file may be a configuration of dag-factory; cheap, and right for nearly all others."""
    return b"tasks" in data and (b"operator" in data or b"decorator" in data) and OPERATOR.search(data) is not None
