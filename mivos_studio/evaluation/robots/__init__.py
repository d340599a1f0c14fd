"""Simulated users: they compare a prediction with the truth and draw on its errors."""
