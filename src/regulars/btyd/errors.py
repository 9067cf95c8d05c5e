"""What can be wrong with the use of a purchase model."""

from regulars.errors import RegularsError


class InvalidHistoryError(RegularsError):
    """Purchase histories contradict themselves: the message names the argument, row and value."""


class NotFittedError(RegularsError):
    """A model was asked for predictions before it had parameters."""
