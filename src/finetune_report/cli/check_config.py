"""Check a config file before the workflow starts, so that a mistake in it is one message.

    python -m finetune_report.cli.check_config config.yaml

Snakemake reads the file itself, and greets one that is missing or does not parse with a traceback.
"""

import argparse
import sys
from pathlib import Path

from finetune_report.config.schema import complete, read_config
from finetune_report.data.locations import data_files, model_files
from finetune_report.errors import UserError


def main() -> None:
    parser = argparse.ArgumentParser(prog="check_config", description="Check a config file.")
    parser.add_argument("config", type=Path)
    path = parser.parse_args().config
    try:
        config = complete(read_config(path))
        data_files(config["data"])
        model_files(config["model"])
    except UserError as error:
        sys.exit(f"{path}: {error}" if not str(error).startswith(str(path)) else str(error))


if __name__ == "__main__":
    main()
