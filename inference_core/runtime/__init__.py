"""Where the networks run: sizes and padding, the one caller of the networks, one round at work."""
