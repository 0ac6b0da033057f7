"""Fill the author's write-up in, check it, and render it as Markdown, PDF, HTML and what further forms are asked for.

Reads the write-up, the values, the results that claims are judged by, the figures and the report's templates. Writes
the forms of the report, what they carry to be checked by, and the unresolved findings; while there are any, they
are marked as a draft.
"""

from finetune_report.report.build import main
from finetune_report.runtime.job import run

if __name__ == "__main__":
    run(main)
