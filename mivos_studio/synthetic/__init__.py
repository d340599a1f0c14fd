"""Synthetic clips with exact masks, and simulated users. Imports numpy and cv2 alone."""
