"""Write down what made the report: commit, config, code, packages, machine, and the hash of every result file.

Reads all results that the write-up builds on. Writes the manifest that the write-up carries.
"""

from finetune_report.provenance.manifest import main
from finetune_report.runtime.job import run

if __name__ == "__main__":
    run(main)
