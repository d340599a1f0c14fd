"""Training of the networks on stills and clips; resumable, the same code on CPU and GPU."""
