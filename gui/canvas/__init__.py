"""The picture and the mask over it: what is shown, where, and what the editor draws there."""
