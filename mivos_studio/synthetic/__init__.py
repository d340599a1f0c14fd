"""Clips with exact masks, made from nothing, and simulated users. Imports numpy and cv2 alone."""
