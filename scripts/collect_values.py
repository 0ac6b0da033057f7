"""Collect every value that the write-up may cite, each with its uncertainty and the file that it came from.

Reads the results of all stages. Writes one flat list of keys such as `runs.baseline.validation.accuracy`.
"""

from finetune_report.report.collect import main
from finetune_report.runtime.job import run

if __name__ == "__main__":
    run(main)
