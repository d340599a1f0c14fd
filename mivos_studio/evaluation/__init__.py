"""Quality of the masks: DAVIS metrics, simulated users, baselines and reports."""
