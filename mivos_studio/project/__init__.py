"""Files of the user's work: scripts, and scratch space of a session. No torch, no Qt."""
