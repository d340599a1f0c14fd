"""What the editor sees and touches: facts come in by setters, wishes leave by signals, nothing is decided."""
