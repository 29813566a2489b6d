"""What stops a local start, said in one line."""


class SetupError(Exception):
    """Something on this machine must change first; `str()` is the line that says what to do."""
