"""Parts that several networks are built of: attention, aggregation, blocks. Tensors in, tensors out."""
