"""What connects the views with the worker: which frame, tool and object, what is shown. No widgets."""
