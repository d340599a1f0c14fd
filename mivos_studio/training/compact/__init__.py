"""What the compact networks learn: samples and loss_steps."""
