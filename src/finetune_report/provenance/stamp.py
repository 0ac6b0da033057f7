"""A stamp of the code behind a rule, so that results are made again exactly when code that made them changes.

Snakemake sees neither the modules that a script imports nor the versions of pip-installed packages. A rule therefore
carries a stamp as a parameter: a hash of its script and of every module of ours that the script imports, directly or
not, and the versions of the packages that any of them import. The hash is taken of the syntax tree without docstrings,
so comments, blank lines and layout do not count. Nor does `finetune_report.runtime`, which runs jobs and cannot change
what they make.
"""

import ast
import hashlib
import importlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NO_RESULT = "finetune_report.runtime"  # its modules are in no stamp

# The names under which pip knows packages whose import name is another.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "PyYAML", "pypandoc": "pypandoc_binary"}


@dataclass(frozen=True)
class Module:
    """What counts of one source file: its syntax tree, as text, and the dotted names that it imports."""

    tree: bytes
    imports: frozenset[str]


@cache
def stamp(script: Path) -> str:
    """The stamp of a script, such as `code:1f2e3d4c5b6a7988 torch==2.13.0`.

    The script lies in a folder beside `src`, which holds our modules. Raises SyntaxError where one of these files
    does not parse.
    """
    modules = closure(script)
    digest = hashlib.sha256()
    for path in sorted(modules):
        digest.update(path.relative_to(script.parents[1]).as_posix().encode())
        digest.update(modules[path].tree)
    imported = {name.partition(".")[0] for module in modules.values() for name in module.imports}
    ours = {path.stem for path in (script.parents[1] / "src").glob("*")}
    return " ".join([f"code:{digest.hexdigest()[:16]}", *installed(imported - ours - {"snakemake"})])


def fresh_stamp(script: Path) -> str:
    """The stamp of a script by what lies on the disk at this moment, whatever was read of it before."""
    for known in (stamp, read_module, local_modules, package_version):
        known.cache_clear()
    importlib.invalidate_caches()
    return stamp(script)


def closure(script: Path) -> dict[Path, Module]:
    """`script` and all modules of ours that it imports, directly or not."""
    found: dict[Path, Module] = {}
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = read_module(path)
        waiting += [local for name in found[path].imports for local in local_modules(script.parents[1] / "src", name)]
    return found


@cache
def read_module(path: Path) -> Module:
    """One module, its docstrings emptied, and what it imports, wherever in it the statement stands.

    Many scripts share a module, so each is read once a process.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                if ast.get_docstring(node, clean=False) is not None:
                    node.body[0] = ast.Pass()
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return Module(ast.dump(tree).encode(), frozenset(names))


@cache
def local_modules(folder: Path, name: str) -> list[Path]:
    """The files below `folder` that importing a dotted name runs: its packages' own and its module's."""
    if f"{name}.".startswith(f"{NO_RESULT}."):
        return []
    parts = name.split(".")
    packages = [folder.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [path for path in [*packages, folder.joinpath(*parts).with_suffix(".py")] if path.is_file()]


def installed(roots: set[str]) -> list[str]:
    """`name==version` of each package that is imported by one of these names."""
    names = {DISTRIBUTIONS.get(root, root) for root in roots - set(sys.stdlib_module_names)}
    return sorted(f"{name}=={package_version(name)}" for name in names)


@cache
def package_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not-installed"
