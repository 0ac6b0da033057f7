"""`finetune-report`: one command, and a subcommand for everything that a person does with an experiment.

The functions here say what a subcommand takes, and import what it needs when it is called: `--help` and completion read
nothing else, and `why` does not wait for PyTorch. Exit codes are the same for all: 0 where all is well, 1 where
something differs, is unresolved or failed, 2 where the person made a mistake.
"""

import logging
import os
import shlex
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from finetune_report.errors import UserError
from finetune_report.runtime.system_errors import one_message

import typer
from typer.core import TyperCommand, TyperGroup

EPILOG = """Exit codes: 0 all is well; 1 something differs, is unresolved or failed; 2 a mistake in the command, the
config or the data, which the message names."""

Config = Annotated[Path, typer.Option("--config", "-c", help="The experiment's config file.")]
Results = Annotated[Path | None, typer.Option("--results", help="Its results folder, where it is not results/<name>.")]
Snakemake = Annotated[
    list[str] | None, typer.Argument(metavar="[-- ARGUMENT]...", help="Passed on to Snakemake as they are.")
]
DEFAULT = Path("config.yaml")
NAME = "finetune-report"
COMPLETION = "_FINETUNE_REPORT_COMPLETE"  # what the shell asks for, in the environment


class Level(StrEnum):
    """How far to verify a report; each level rests on those before it."""

    bytes = "bytes"
    text = "text"
    metrics = "metrics"
    predictions = "predictions"
    training = "training"


class Command(TyperCommand):
    """A subcommand whose epilog holds the arguments of an example."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        formatter.write_paragraph()
        formatter.write(f"Example: {ctx.command_path} {self.epilog}\n")


class Commands(TyperGroup):
    """The subcommands in the order of their use, and what becomes of their results: an exit code, and one message."""

    def invoke(self, ctx: Any) -> Any:
        with one_message():
            code = super().invoke(ctx)
        raise typer.Exit(code or 0)


app = typer.Typer(
    cls=Commands,
    help="Fine-tune text classifiers, and write the report in which every number comes from the runs.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts faster, and tracebacks print no values
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def known_keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """The keys of values that begin so, for completion."""
    from finetune_report.config.reading import read_config
    from finetune_report.files import read_json

    try:
        config = read_config(ctx.params.get("config") or DEFAULT)
        root = ctx.params.get("results") or Path("results") / str(config.get("name"))
        return [key for key in read_json(root / "values.json") if key.startswith(incomplete)]
    except (UserError, OSError, ValueError):
        return []


@app.command(cls=Command, epilog="--config config.yaml -- --cores 2")
def run(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """Run what is not up to date and build the write-up.

    What follows `--` goes to Snakemake: options such as `--cores 2`, or files to make in place of the write-up.
    """
    from finetune_report.cli.workflow import report

    return report(config, arguments or [])


@app.command(cls=Command, epilog="--config config/sst2-minilm.yaml")
def final(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """The same, but fail if there are unresolved findings."""
    from finetune_report.cli.workflow import report

    return report(config, arguments or [], target="final")


@app.command(cls=Command, epilog="--config config/sst2-minilm.yaml")
def draft(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """Write up what has finished, and say what is missing."""
    from finetune_report.cli.workflow import report

    return report(config, arguments or [], draft=True)


@app.command(cls=Command, epilog="--config config/sst2-minilm.yaml")
def plan(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """Say what would run, and why, and what difference the comparisons can find."""
    from finetune_report.cli import workflow

    return workflow.plan(config, arguments or [])


@app.command(cls=Command, epilog="--config config.yaml")
def check(config: Config = DEFAULT) -> int:
    """Check a config and the files that it names.

    Nothing in the config is executed, so check one that you do not trust before anything else.
    """
    from finetune_report.cli import check

    return check.main(config)


@app.command(cls=Command, epilog="tickets --data tickets.csv --text message --label topic")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The experiment's name; results go to results/NAME/.")],
    data: Annotated[
        str | None, typer.Option(help="A file, a folder, an archive, or a data set of the hub as org/name.")
    ] = None,
    train: Annotated[Path | None, typer.Option(help="The file of the training split, in place of --data.")] = None,
    validation: Annotated[Path | None, typer.Option(help="The file of the validation split.")] = None,
    test: Annotated[Path | None, typer.Option(help="The file of the test split.")] = None,
    configuration: Annotated[str | None, typer.Option(help="Which configuration of a data set of the hub.")] = None,
    text: Annotated[str | None, typer.Option(help="The text's column, by name or, without a header, number.")] = None,
    text_pair: Annotated[str | None, typer.Option(help="The column of the second text, in tasks on pairs.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the label.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="The encoding of the files, such as cp1252; recognised if not given.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A folder as save_pretrained writes it, or org/name.")] = None,
) -> int:
    """Set up an experiment of your own.

    Reads all rows, asks at a terminal whether it took them for the right thing, and writes config/NAME.yaml and
    report/NAME.md to start from; data that are not one file per split are written as CSV into data/NAME/.
    """
    from finetune_report.cli import new

    where = (data, train, validation, test, configuration)
    new.main(new.Options(name, *where, text, text_pair, label, encoding, model))
    return 0


@app.command(cls=Command, epilog="winner.test.accuracy")
def why(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="The key of a value, such as winner.test.accuracy.", autocompletion=known_keys
        ),
    ],
    config: Config = DEFAULT,
    results: Results = None,
) -> int:
    """Trace a value to its file, run, code and data."""
    from finetune_report.cli import why

    return why.main(key, config, results)


@app.command(cls=Command, epilog="new-texts.csv --out predictions.csv")
def predict(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A file of texts, with the columns of the config's data.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write them: .csv, .jsonl or .parquet; next to DATA if not given."),
    ] = None,
    config: Config = DEFAULT,
    results: Results = None,
) -> int:
    """Predict the classes of new texts with the selected setting.

    Writes each text with its class and a probability for each class, the mean over the models of all seeds; the file is
    of the form that `systems` in a config takes.
    """
    from finetune_report.cli import predict

    quiet()
    return predict.main(data, out, config, results)


@app.command(cls=Command, epilog="results/reviews/write-up.pdf")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A write-up.pdf, a write-up.html or a manifest.json.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Its config here, where it is not the one of its name."),
    ] = None,
    results: Results = None,
    level: Annotated[
        Level, typer.Option(help="The last level to verify; predictions and training take minutes.")
    ] = Level.metrics,
) -> int:
    """Verify a report by its results, with the code and config here.

    Nothing that the document or its results bring along is executed. By levels: bytes compares every file with its
    hash; text makes values and document again; metrics computes metrics and comparisons again from predictions;
    predictions scores the data again with the stored weights; training trains one run again.
    """
    from finetune_report.cli import verify

    quiet()
    return verify.main(file, config, results, level.value)


@app.command(cls=Command, epilog="old-results results/reviews --html diff.html")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A results folder, its manifest.json, or a write-up.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same of the other build.")],
    html: Annotated[Path, typer.Option(help="Where to write the tables as a page.")] = Path("results/diff.html"),
) -> int:
    """Say what changed between two builds, and why.

    Every printed number, verdict and figure, with the change, whether it is noise, and its cause. The same tables are
    written to a page.
    """
    from finetune_report.cli import diff

    return diff.main(old, new, html)


@app.command(cls=Command, epilog="--config config.yaml")
def mutate(config: Config = DEFAULT, results: Results = None) -> int:
    """Falsify results and see that the report notices.

    Works in a scratch copy of a finished build, and names every falsification that neither text nor checks notice.
    """
    from finetune_report.cli.mutation import command

    quiet()
    return command.main(config, results)


@app.command(cls=Command, epilog="--setting baseline --seed 1")
def replay(
    config: Config = DEFAULT,
    setting: Annotated[str | None, typer.Option(help="The setting to train again; else a run is drawn.")] = None,
    seed: Annotated[int | None, typer.Option(help="And its seed; else the first one.")] = None,
    draw: Annotated[int, typer.Option(help="The seed by which a run is drawn.")] = 0,
) -> int:
    """Train one run again and compare it bit by bit."""
    from finetune_report.cli import replay

    return replay.main(config, setting, seed, draw)


@app.command(cls=Command, epilog="--config config/sst2-minilm.yaml")
def fetch(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """Download data and model, for jobs without internet."""
    from finetune_report.cli import workflow

    return workflow.fetch(config, arguments or [])


@app.command(cls=Command, epilog="--config config/sst2-minilm.yaml")
def cluster(config: Config = DEFAULT, arguments: Snakemake = None) -> int:
    """The same as run, its heavy steps as jobs of Slurm.

    docs/cluster.md says how; profiles/slurm/config.yaml is where partition and account go.
    """
    from finetune_report.cli import workflow

    return workflow.cluster(config, arguments or [])


def quiet() -> None:
    """Leave out what the scripts say to a log: the findings of a draft are in it already."""
    logging.disable(logging.WARNING)


def main() -> None:
    """The console script."""
    completing = COMPLETION in os.environ or any(word.endswith("-completion") for word in sys.argv[1:2])
    app(prog_name=NAME if completing else own_name(), complete_var=COMPLETION)


def own_name() -> str:
    """How this command is called from here, whether or not its environment is active."""
    script = Path(sys.executable).with_name(NAME)
    if shutil.which(NAME):
        return NAME
    found = shlex.quote(os.path.relpath(script if script.is_file() else sys.executable))
    return found if script.is_file() else f"{found} -m finetune_report.cli"


if __name__ == "__main__":
    main()
