"""Fine-tunes text classifiers and writes the report on it: what the workflow's scripts and the commands share.

In a job, Python's garbage collector waits until everything is imported: PyTorch and transformers make so many objects
that looking through them again and again is a fifth of the time to import them. `finetune_report.runtime.job.run` sets
it to work again.

The source files are looked at before any other of them is loaded, so that a job can tell whether what it loaded is what
still lies there (`finetune_report.runtime.loaded_code`).
"""

import gc
import os

from finetune_report.runtime.source_files import look

WORKFLOW = "FINETUNE_REPORT_WORKFLOW"  # in the environment of a workflow's jobs: what it wrote into its lock, and where

if WORKFLOW in os.environ:
    gc.disable()

LOOKED_AT = look()
