"""What opens in a window of its own."""
