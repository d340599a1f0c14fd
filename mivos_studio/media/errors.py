"""What goes wrong with files, as a sentence that the user can act on."""


class MediaError(ValueError):
    """A file or folder that cannot be read or written as asked; the text says what to do about it."""
