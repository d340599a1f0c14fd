"""Pictures to learn from, and what can be done to them: windows, gradings, motion, layers."""
