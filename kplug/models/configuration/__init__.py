"""Model configurations: converts models to plain data and back."""
