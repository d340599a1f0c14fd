"""Masks as files that other programs open: one format a room, all written beside and then renamed."""
