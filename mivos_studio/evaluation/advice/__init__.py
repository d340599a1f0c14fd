"""Is the core's advice any good? Confidence is held against the truth, and advised frames against others."""
