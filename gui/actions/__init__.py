"""What the user can do: one entry for each action, one module for each menu."""
