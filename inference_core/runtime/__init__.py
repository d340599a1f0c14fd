"""Where the networks run: device, sizes and padding, caches, out-of-memory handling, the caller of the networks."""
