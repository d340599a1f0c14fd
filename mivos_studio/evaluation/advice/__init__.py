"""Quality of the core's suggestions: confidence against true J, suggested frames against others."""
