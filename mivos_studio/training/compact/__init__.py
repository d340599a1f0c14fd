"""What the compact networks learn: samples and lessons."""
