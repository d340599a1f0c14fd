"""What an editor's work is kept in between two runs of the program. No torch, no Qt."""
