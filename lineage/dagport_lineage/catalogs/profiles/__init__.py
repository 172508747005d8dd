"""What each catalogue makes of events: one file a profile, found by listing this folder.

A profile is a table of rules. A rule looks at one event and says what the catalogue would refuse, drop or change.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from dagport_lineage.catalogs.profiles.rules import Profile


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles by name, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "rules")
    found = [import_module(f"{__name__}.{name}").PROFILE for name in names]
    return {profile.name: profile for profile in found}
