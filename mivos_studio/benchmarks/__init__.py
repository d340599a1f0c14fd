"""Speed and memory, measured beside a baseline in the same run. No number here was measured elsewhere."""
