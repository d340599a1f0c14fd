"""Training data: reading images, and augmenting them by crops, gradings, motion and layers."""
