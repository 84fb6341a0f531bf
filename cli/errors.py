"""Errors that the user can mend."""


class UserError(Exception):
    """Shown as one line without a traceback; `code` is the exit code (2 for bad input, 1 for what failed)."""

    def __init__(self, message: str, code: int = 2):
        super().__init__(message)
        self.code = code
