"""What goes wrong with files of weights."""


class CheckpointError(ValueError):
    """A weights file is missing, damaged or of another network; the text says which and what to do."""
