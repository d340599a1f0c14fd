"""What the window shows as plain values: frame, tool, colours, pixels of the overlay. No widgets."""
