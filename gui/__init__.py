"""The window. Qt lives here and nowhere else; torch and the networks never do."""
