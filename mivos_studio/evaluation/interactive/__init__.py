"""The interactive protocol of DAVIS: a simulated user corrects the worst frame again and again, timed."""
