"""From gestures to masks: one tool a room."""
