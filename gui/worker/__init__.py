"""The window's threads, the commands they run, and the shutdown. No widgets."""
