"""Simulated editors: they look at the truth and at a prediction, and draw where the prediction is wrong."""
