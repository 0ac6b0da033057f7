"""Dry runs of the real program in a fraction of its time: forked off a process that has imported Snakemake once.

As a script it is that process: it reads a JSON request per line, runs Snakemake in a child in the request's folder,
with its environment and arguments, and answers with the child's exit status. Nothing of this project is imported before
the fork, so that the code is that of the folder.
"""

import atexit
import json
import os
import subprocess
import sys
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


def plan(folder: Path, arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder` as `python -m snakemake` with `arguments` would; it must start no jobs."""
    with TemporaryDirectory() as name:
        files = [Path(name) / "stdout", Path(name) / "stderr"]
        request = {"folder": str(folder), "arguments": arguments, "environment": environment}
        process = server()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request | {"files": list(map(str, files))}) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        stdout, stderr = (path.read_text(encoding="utf-8") for path in files)
    return subprocess.CompletedProcess(["snakemake", *arguments], status, stdout, stderr)


@cache
def server() -> subprocess.Popen[str]:
    """One for each process that runs tests; it ends with it."""
    command = [sys.executable, __file__]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    atexit.register(process.communicate)
    return process


def serve() -> None:
    from snakemake.cli import get_argument_parser

    get_argument_parser()  # finds and imports the plugins
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run(folder: str, arguments: list[str], environment: dict[str, str], files: list[str]) -> None:
    from snakemake.cli import main

    for number, path in enumerate(files, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["snakemake", *arguments]
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    status = 1
    try:
        with suppress(ModuleNotFoundError):
            import sitecustomize  # noqa: F401 - as an interpreter does at its start
        main(arguments)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
