"""The rules' own scripts of this checkout, for commands that make a result again."""

import runpy
from collections.abc import Callable
from functools import cache

from finetune_report.files import PROJECT


@cache
def main_of(rule: str) -> Callable[..., None]:
    """What the script of a rule does. Its folder is on no path, so that no name in it hides a library's."""
    found: Callable[..., None] = runpy.run_path(str(PROJECT / "scripts" / f"{rule}.py"), run_name=rule)["main"]
    return found
