"""Trains the compact networks on stills and clips; resumable, the same code on a CPU and on a GPU."""
