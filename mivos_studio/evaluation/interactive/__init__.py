"""The interactive protocol of DAVIS: an editor corrects the worst frame, again and again, against a clock."""
