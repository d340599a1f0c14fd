"""Figures told to people: tables, plots, strips of pictures, and pages that hold them."""
