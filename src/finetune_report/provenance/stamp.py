"""A stamp of the code behind a rule, so that results are made again exactly when code that made them changes.

Snakemake sees neither the modules that a script imports nor the versions of pip-installed packages. A rule therefore
carries a stamp as a parameter: a hash of its script and of every module of ours that the script imports, directly or
not, and the versions of the packages that any of them import. The hash is taken of the syntax tree without docstrings,
so comments, blank lines and layout do not count. Nor does `finetune_report.runtime`, which runs jobs and cannot change
what they make.

To parse all modules takes a second, which every start of the workflow would pay. What was read of a source text is
therefore kept, by the hash of that text, so that it cannot be out of date.
"""

import ast
import hashlib
import importlib
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from finetune_report.files import PROJECT, canonical_json, read_json, write_text

NO_RESULT = "finetune_report.runtime"  # its modules are in no stamp

# The names under which pip knows packages whose import name is another.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "PyYAML", "pypandoc": "pypandoc_binary"}

VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)  # in a package's metadata

# What was read of modules at the last start. The syntax tree as text is not the same in every version of Python.
KEPT = PROJECT / ".snakemake" / f"modules-{sys.version_info.major}.{sys.version_info.minor}.json"
READER = Path(__file__).read_bytes()  # how modules are read, which may change too


@dataclass(frozen=True)
class Module:
    """What counts of one source file: the hash of its syntax tree, and the dotted names that it imports."""

    tree: str
    imports: frozenset[str]


READ: dict[str, Module] = {}  # in this process, by the hash of the source


@cache
def stamp(script: Path) -> str:
    """The stamp of a script, such as `code:1f2e3d4c5b6a7988 torch==2.13.0`.

    The script lies in a folder beside `src`, which holds our modules. Raises SyntaxError where one of these files
    does not parse.
    """
    modules = closure(script)
    digest = hashlib.sha256()
    above = len(str(script.parents[1])) + 1
    for path, module in sorted((str(path)[above:], module) for path, module in modules.items()):
        digest.update(f"{path}\0{module.tree}\0".encode())
    imported = {name.partition(".")[0] for module in modules.values() for name in module.imports}
    ours = {path.stem for path in (script.parents[1] / "src").glob("*")}
    return " ".join([f"code:{digest.hexdigest()[:16]}", *installed(imported - ours - {"snakemake"})])


def stamps(scripts: Iterable[Path]) -> dict[str, str]:
    """The stamp of each script, by name. What had to be parsed for them is kept for the next start."""
    found = {script.stem: stamp(script) for script in scripts}
    keep_read_modules()
    return found


def fresh_stamp(script: Path) -> str:
    """The stamp of a script by what lies on the disk at this moment, whatever was read of it before."""
    for known in (stamp, read_module, local_imports, local_modules, package_version):
        known.cache_clear()
    importlib.invalidate_caches()
    return stamp(script)


def closure(script: Path) -> dict[Path, Module]:
    """`script` and all modules of ours that it imports, directly or not."""
    found: dict[Path, Module] = {}
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = read_module(path)
            waiting += local_imports(path, script.parents[1] / "src")
    return found


@cache
def local_imports(path: Path, folder: Path) -> list[Path]:
    """The files below `folder` that importing what a module imports runs: of packages their own, and modules."""
    found: dict[Path, None] = {}
    for name in read_module(path).imports:
        parts = name.split(".")
        begins = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        if NO_RESULT not in begins:
            found |= dict.fromkeys(local for begin in begins if (local := local_modules(folder).get(begin)))
    return list(found)


@cache
def local_modules(folder: Path) -> dict[str, Path]:
    """Every module below `folder` by its dotted name; a package's own is that of its folder."""
    found = {}
    for place, _, files in os.walk(folder):
        package = ".".join(Path(place).relative_to(folder).parts)
        for stem in (file.removesuffix(".py") for file in files if file.endswith(".py")):
            found[package if stem == "__init__" else f"{package}.{stem}".lstrip(".")] = Path(place, f"{stem}.py")
    return found


@cache
def read_module(path: Path) -> Module:
    """What counts of one module. Many scripts share one, so each is read once a process."""
    source = path.read_bytes()
    key = hashlib.sha256(READER + source).hexdigest()
    if key not in READ:
        READ[key] = kept_modules().get(key) or parsed(source, str(path))
    return READ[key]


@cache
def kept_modules() -> dict[str, Module]:
    """What was read at the last start, by the hash of the source; nothing where that cannot be told."""
    try:
        kept = read_json(KEPT)
        return {key: Module(str(tree), frozenset(map(str, imports))) for key, (tree, imports) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def keep_read_modules() -> None:
    """Keep what was read in this process, where some of it is new; without, every start takes its time again."""
    if READ.keys() - kept_modules().keys():
        with suppress(OSError):
            write_text(
                KEPT, canonical_json({key: [module.tree, sorted(module.imports)] for key, module in READ.items()})
            )


def parsed(source: bytes, name: str) -> Module:
    """A module by its source, its docstrings emptied; and what it imports, wherever in it the statement stands."""
    tree = ast.parse(source, filename=name)
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
    return Module(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), frozenset(names))


def installed(roots: set[str]) -> list[str]:
    """`name==version` of each package that is imported by one of these names."""
    names = {DISTRIBUTIONS.get(root, root) for root in roots - set(sys.stdlib_module_names)}
    return sorted(f"{name}=={package_version(name)}" for name in names)


@cache
def package_version(name: str) -> str:
    """The version of an installed package, or "not-installed".

    Its metadata are not parsed, as `importlib.metadata.version` would: they run to thousands of lines.
    """
    try:
        found = VERSION.search(distribution(name).read_text("METADATA") or "")
    except PackageNotFoundError:
        found = None
    return found[1] if found else "not-installed"
