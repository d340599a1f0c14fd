"""The canvas: the image with the masks over it, the viewport, and the mouse gestures."""
