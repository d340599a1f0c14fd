"""The commands of `mivos`, one a file: its options and what it does. Heavy imports wait until one runs."""
