"""What the editor sees and touches: values come in by setters, requests leave by signals."""
