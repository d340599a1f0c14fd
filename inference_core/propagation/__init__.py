"""Masks through the clip: what to do in which order, the loop, memory, fusion, confidence."""
