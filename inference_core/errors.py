"""Errors whose text is a sentence to act on. The window shows them, the command line exits 2."""


class UserError(ValueError):
    """Something the user can put right; the text says how. Never a fault of the program."""


class NotReadyError(UserError):
    """The command needs something that has not happened yet."""


class InvalidInteractionError(UserError):
    """The stroke, object, frame or region does not fit the session."""
