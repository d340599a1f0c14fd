"""The training tasks of each family of networks, and their registry."""
