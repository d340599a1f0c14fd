"""The window. Only this package imports Qt widgets; it never imports torch or the networks."""
