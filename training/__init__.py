"""Trains the compact networks on stills, clips and synthetic scenes; resumable, the same code on CPU and GPU."""
