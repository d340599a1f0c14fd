"""The error of this room: its text is a sentence that the person who asked for a measurement can act on."""


class EvaluationError(ValueError):
    """The folder or the options cannot be measured; the text says why."""
