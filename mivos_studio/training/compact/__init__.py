"""Samples and loss steps of the compact networks."""
