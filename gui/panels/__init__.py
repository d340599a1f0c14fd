"""The widgets around the canvas: they are set by methods and emit the user's requests as signals."""
