"""Kill the program at random moments and count what is lost: nothing that it acknowledged may be."""
