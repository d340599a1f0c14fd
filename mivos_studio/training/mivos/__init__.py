"""Teaches the published networks, with the published recipe on this project's samples."""
