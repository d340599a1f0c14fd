"""From strokes to masks: one module for each tool."""
