"""Files of weights: what is installed, what is recorded of it, how published pickles are read."""
