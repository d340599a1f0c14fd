"""Errors whose text is a sentence to act on. The window shows them, the command line exits 2.

`UserError` is the base class of all of them, in every package; any other exception is a fault of the program.
Nothing is imported here, so that an error can be shown before torch or Qt is imported.
"""


class UserError(ValueError):
    """Something that the user can correct, as the text explains. Never a fault of the program."""


class NotReadyError(UserError):
    """The command needs something that has not happened yet."""


class InvalidInteractionError(UserError):
    """The stroke, object, frame or region does not fit the session."""


class DamagedMaskError(UserError):
    """A stored mask or its probabilities cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            "A stored mask is damaged and cannot be read: `mivos check --repair` saves what can be read of a"
            " project."
        )
