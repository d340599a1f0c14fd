"""The report of `mivos doctor --report`: what a fault may depend on, and nothing personal."""
