"""Errors that a user can act on: each says what is wrong, where, and what to do."""


class RegularsError(Exception):
    """Base of all errors that Regulars raises on purpose."""


class UnusableInputError(RegularsError):
    """The input as a whole cannot be used: the message names the file and the fault."""


class InvalidSettingError(RegularsError):
    """A setting has no meaning: the message names it, its value and what it may be."""
