"""Masks as files that other programs open: one format a module, all put in place by `media.output`."""
