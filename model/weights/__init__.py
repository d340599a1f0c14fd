"""Files of weights: scanning a folder, recorded SHA-256, reading published pickles."""
