"""Runs a small experiment once for all tests that read one."""

import shutil
from pathlib import Path

import pytest
import scratch


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests on the small experiment in one process, so that parallel ones do not each run it."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("workflow"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> scratch.Project:
    """The small experiment after one run of the real program; read it, but change only a copy."""
    project = scratch.make_project(tmp_path_factory.mktemp("workflow") / "finished")
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return project


@pytest.fixture
def project(finished: scratch.Project, tmp_path: Path) -> scratch.Project:
    """A copy of the finished experiment."""
    return scratch.copied(finished, tmp_path / "project")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the small build that the tests of commands share; not to be changed."""
    from building import make_build

    return make_build(tmp_path_factory.mktemp("build") / "checkout")


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results of a copy of it that a test may spoil, in the checkout that it works in."""
    checkout = Path(shutil.copytree(made.parents[1], tmp_path / "checkout"))
    monkeypatch.chdir(checkout)
    return checkout / "results/try"
