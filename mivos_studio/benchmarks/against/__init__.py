"""Two builds side by side: a revision and the working tree, in alternating pairs of fresh processes."""
