"""The rules' own scripts of this checkout, for commands that make a result again."""

import runpy
from collections.abc import Callable
from functools import cache

from finetune_report.files import PROJECT

Function = Callable[..., None]


@cache
def functions(rule: str) -> dict[str, Function]:
    """What the script of a rule defines, by name. Its folder is on no path, so that no name hides a library's."""
    return runpy.run_path(str(PROJECT / "scripts" / f"{rule}.py"), run_name=rule)


def main_of(rule: str) -> Function:
    """What the script of a rule does."""
    return functions(rule)["main"]


def publish_of(rule: str) -> Function:
    """What the script of a rule that publishes values does in the end, or all that it does."""
    return functions(rule).get("publish") or main_of(rule)
