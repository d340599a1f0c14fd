"""Controllers: they connect the views with the worker and decide what is shown. No widgets of their own."""
