"""Words as data: the groups that the rules tell apart."""

import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def group(name: str) -> frozenset[str]:
    """The words of one group of `groups.toml`, lower case."""
    groups = tomllib.loads((HERE / "groups.toml").read_text(encoding="utf-8"))
    return frozenset(groups[name].split())
