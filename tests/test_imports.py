"""The rooms of the package: imports point one way, and results need nothing of what only runs them."""

import ast
import graphlib
import importlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from finetune_report.files import PROJECT as ROOT
from finetune_report.provenance.stamp import closure

import pytest

PACKAGE = "finetune_report"
# Each may import from those before it, and none from those after it; what shares a floor knows nothing of each other.
FLOORS = [
    {""},  # the modules at the top: errors, files, ...
    {"config"},
    {"data"},
    {"stats"},
    {"provenance"},
    {"runtime"},
    {"model"},
    {"training"},
    {"report"},
    {"figures", "demos"},
    {"cli"},
]
# Read before any other module, so that a job can tell whether what it loaded still lies there.
GROUND = {"finetune_report.runtime.source_files"}
OF_RESULTS = {"config", "data", "stats", "provenance", "model", "training", "report", "figures", "demos"}
OUTSIDE = ("torch", "transformers", "peft")


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package's own is that of its folder."""
    found = {}
    for path in (ROOT / "src" / PACKAGE).rglob("*.py"):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it; of a package's module, that module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import relative to its place"
            assert node.module
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.partition(".")[0] == PACKAGE}


def room_of(module: str) -> str:
    """The folder below the package that a module is in, or nothing."""
    path = MODULES[module].relative_to(ROOT / "src" / PACKAGE)
    return path.parts[0] if len(path.parts) > 1 else ""


def floor(module: str) -> int:
    if module in GROUND:
        return 0
    return next(number for number, rooms in enumerate(FLOORS) if room_of(module) in rooms)


def test_every_room_has_its_floor() -> None:
    assert {room_of(module) for module in MODULES} == set().union(*FLOORS)


def test_imports_point_down() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in ours(path)
        if not (room_of(module) == room_of(name) or floor(name) < floor(module) or {module, name} & GROUND)
    ]
    assert wrong == []


def test_the_ground_imports_nothing_of_ours() -> None:
    assert {name: ours(MODULES[name]) for name in GROUND} == {name: set() for name in GROUND}


def test_no_circle() -> None:
    graph = {module: ours(path) - {module} for module, path in MODULES.items()}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the circle


def test_what_is_imported_is_there() -> None:
    assert {name for path in [*MODULES.values(), *SCRIPTS] for name in ours(path)} <= set(MODULES)


def test_no_entry_point_is_imported() -> None:
    stems = {script.stem for script in SCRIPTS} | {"scripts"}
    found = [
        f"{path.name} imports {name}"
        for path in [*MODULES.values(), *SCRIPTS]
        for name in imported(path)
        if name.partition(".")[0] in stems or name == f"{PACKAGE}.cli.__main__"
    ]
    assert found == []


def test_only_commands_import_commands() -> None:
    found = [path for path in SCRIPTS for name in ours(path) if name.startswith(f"{PACKAGE}.cli")]
    assert found == []  # rooms: test_imports_point_down


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_result_needs_nothing_of_what_runs_it(script: Path) -> None:
    """`runtime` is in no stamp: of it, a script takes `job.run`, and its modules the signals that end a run."""
    needed = {path: {name for name in ours(path) if name.startswith(f"{PACKAGE}.runtime")} for path in closure(script)}
    allowed = {script: {f"{PACKAGE}.runtime.job"}, MODULES[PACKAGE]: GROUND}
    for path, names in needed.items():
        assert names <= allowed.get(path, {f"{PACKAGE}.runtime.signals"}), path
    from_job = [
        alias.name
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == f"{PACKAGE}.runtime.job"
        for alias in node.names
    ]
    assert from_job == ["run"]


def test_modules_of_results_load_nothing_of_runtime_but_signals() -> None:
    """The same, seen by importing all of them."""
    names = [module for module in MODULES if room_of(module) in OF_RESULTS]
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith(f"{PACKAGE}.runtime.")}
    assert loaded == {f"{PACKAGE}.runtime.signals", *GROUND}


def private_names(path: Path) -> Iterator[tuple[int, bool, str]]:
    """Line, whether at module level, and name of each private name of PyTorch and transformers that a file mentions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {node for top in ast.walk(tree) if isinstance(top, ast.FunctionDef) for node in ast.walk(top)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None)
            for alias in node.names:
                name = f"{module}.{alias.name}" if module else alias.name
                if name.partition(".")[0] in OUTSIDE and any(part.startswith("_") for part in name.split(".")):
                    yield node.lineno, node not in inside, name
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            holder = ast.unparse(node.value)
            if holder.split(".")[0] in OUTSIDE or holder.endswith("config"):
                yield node.lineno, node not in inside, f"{holder}.{node.attr}"


def test_private_names_of_others_are_in_the_room_of_models_and_in_functions() -> None:
    found = defaultdict(list)
    for path in [*MODULES.values(), *SCRIPTS]:
        lines = path.read_text(encoding="utf-8").splitlines()
        for line, at_top, name in private_names(path):
            assert not at_top, f"{path}, line {line}: {name} breaks every import of the module once it is gone"
            assert path.is_relative_to(ROOT / "src" / PACKAGE / "model"), f"{path}, line {line}: {name}"
            near = "\n".join(lines[max(line - 4, 0) : line])
            assert "seen in torch" in near or "seen in transformers" in near, f"{path}, line {line}: {name}"
            found[path.name].append(name)
    assert set(found) == {"compiled.py", "device.py", "packing.py", "packed_attention.py"}  # so the search finds some


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch._dynamo.exc", "TorchDynamoException"),
        ("torch._inductor.cpp_builder", "_get_python_include_dirs"),
        ("torch._inductor.cpp_builder", "get_cpp_compiler"),
        ("torch._inductor.exc", "InvalidCxxCompiler"),
        ("torch.utils._triton", "has_triton"),
        ("transformers.integrations.sdpa_attention", "sdpa_attention_forward"),
        ("transformers.masking_utils", "sdpa_mask"),
        ("transformers.models.auto.modeling_auto", "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES"),
    ],
)
def test_a_name_that_nobody_promises_is_still_there(module: str, name: str) -> None:
    """Where this fails, another version of the library is installed: see who uses the name in finetune_report.model."""
    assert hasattr(importlib.import_module(module), name)


def test_attributes_that_nobody_promises_are_still_there() -> None:
    import torch
    from transformers import BertConfig

    assert hasattr(torch.ops.aten, "_softmax_backward_data")
    assert hasattr(BertConfig(), "_attn_implementation")
