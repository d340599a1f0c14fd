"""Masks as files that other programs open: one module for each format, all written by `media.output`."""
