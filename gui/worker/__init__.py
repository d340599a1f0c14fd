"""The window's threads, the commands they run, the script recorder and the shutdown. No widgets."""
