"""Models as plain data, and back."""
