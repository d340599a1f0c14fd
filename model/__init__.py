"""Networks and tensor maths. Imports torch and safetensors alone."""
