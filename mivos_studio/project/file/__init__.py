"""The project file NAME.mivos: a session, its history and its masks in a SQLite database. No torch, no Qt."""
