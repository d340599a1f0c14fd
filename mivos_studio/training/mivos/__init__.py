"""Loss steps of the published networks, and the published recipe."""
