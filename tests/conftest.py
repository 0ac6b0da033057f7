"""What tests share: two finished experiments, each made once for all the processes that run tests."""

import shutil
from pathlib import Path

from tests.support import projects
from tests.support.once import made_once
from tests.support.projects import Project

import pytest
from hypothesis import settings

# The same examples each time, and no clock: a loaded machine must not fail a test.
settings.register_profile("ours", derandomize=True, deadline=None)
settings.load_profile("ours")

RUN = "finished"  # the fixture of the experiment that is really run


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a whole run as slow, and begin with what takes longest, so that processes end together.

    The first test makes the finished experiment; meanwhile another process runs the one of successive halving.
    """
    needs = {item: getattr(item, "fixturenames", ()) for item in items}
    for item in items:
        if RUN in needs[item]:
            item.add_marker(pytest.mark.slow)
    # Not one of a cluster, which may be skipped.
    first = next((item for item in reversed(items) if RUN in needs[item]), None)
    items.sort(key=lambda item: (item is not first, "halved" not in needs[item], not item.get_closest_marker("slow")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a small experiment, written by hand."""
    from tests.support.evidence import make_results  # pandas and the scripts, which few tests need

    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small experiment after one run of the real program, with one core and a secret in the environment."""

    def make(folder: Path) -> None:
        project = projects.make_project(folder)
        secrets = dict.fromkeys(("HF_TOKEN", "AWS_SECRET_ACCESS_KEY"), projects.TOKEN)
        done = project.snakemake("--cores", "1", **secrets)
        project.output.write_text(done.stdout + done.stderr, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Warning" not in done.stderr, done.stderr

    return Project(made_once(tmp_path_factory, RUN, make))


@pytest.fixture(scope="session")
def in_progress(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished experiment in a checkout with a change that is not committed, its write-up brought up to date."""

    def make(folder: Path) -> None:
        project = projects.copied(finished, folder)
        (project.root / "notes.txt").write_text("To do.\n")
        done = project.snakemake()
        assert done.returncode == 0, done.stdout + done.stderr

    return Project(made_once(tmp_path_factory, "in-progress", make))


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished experiment."""
    return projects.copied(finished, tmp_path / "project")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the small build that the tests of commands share; not to be changed."""
    from tests.support.builds import make_build

    return made_once(tmp_path_factory, "build", lambda folder: make_build(folder)) / "results/try"


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results of a copy of it that a test may spoil, in the checkout that it works in."""
    checkout = Path(shutil.copytree(made.parents[1], tmp_path / "checkout"))
    monkeypatch.chdir(checkout)
    return checkout / "results/try"
