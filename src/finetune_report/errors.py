"""The one error that a person is meant to read."""


class UserError(Exception):
    """Something that the person who runs the workflow can mend.

    Its message says what was found and where, what was expected, and what to do. It is printed as it is, without a
    traceback; every other exception is a bug of ours and keeps its traceback in the log.
    """
