"""Reports of figures: tables, plots, strips of thumbnails, and pages of them."""
