"""Which networks can be trained, and how: one module for each family, and their registry."""
