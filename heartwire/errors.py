"""The base of every error that heartwire raises on purpose."""


class HeartwireError(Exception):
    """Something went wrong that a person can act on.

    The text says what happened, to what, and what to do next. Services derive their own base from it;
    the command line prints it as one sentence, without a traceback.
    """


class RetryableError(HeartwireError):
    """May succeed later without anybody changing anything: hold the work, back off, try again."""


class PermanentError(HeartwireError):
    """Will fail again until somebody changes something."""
