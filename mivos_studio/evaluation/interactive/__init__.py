"""The interactive protocol of DAVIS: a simulated user repeatedly corrects the worst frame, with time limits."""
