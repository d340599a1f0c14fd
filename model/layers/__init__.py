"""Layers and tensor functions of several networks: attention, aggregation, blocks."""
