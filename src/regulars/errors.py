"""Errors that a user can act on: each says what is wrong, where, and what to do."""

from collections.abc import Mapping, Sequence


class RegularsError(Exception):
    """Base of all errors that Regulars raises on purpose."""


class UnusableInputError(RegularsError):
    """The input as a whole cannot be used: the message names the file and the fault."""


class InvalidSettingError(RegularsError):
    """A setting has no meaning: the message names it, its value and what it may be."""


class MissingColumnsError(UnusableInputError):
    """The input lacks columns.

    Attributes:
        found: Names of the columns that there are.
        missing: Our names of those that there are not.
    """

    def __init__(self, message: str, *, found: Sequence[str], missing: Sequence[str]) -> None:
        super().__init__(message)
        self.found = tuple(found)
        self.missing = tuple(missing)


class NoUsableRowsError(UnusableInputError):
    """No row of the input is a sale to a known customer.

    Attributes:
        rule_counts: Rows by the rule that decided about them.
    """

    def __init__(self, message: str, *, rule_counts: Mapping[str, int]) -> None:
        super().__init__(message)
        self.rule_counts = dict(rule_counts)


class TooLargeError(UnusableInputError):
    """The input is larger than allowed, or needs more memory.

    Attributes:
        limit: What is allowed, in words.
    """

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit
