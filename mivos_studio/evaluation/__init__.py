"""How good the masks are: DAVIS metrics, simulated editors, baselines and reports."""
