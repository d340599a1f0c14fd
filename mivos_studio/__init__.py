"""MiVOS Studio: cut objects out of a clip."""
