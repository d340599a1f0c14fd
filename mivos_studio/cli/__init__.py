"""The commands of `mivos`, one in each module. Heavy imports happen when a command runs."""
