"""Where the networks run: device, sizes and padding, caches, and what happens when memory runs out."""
