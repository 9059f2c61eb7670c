"""Training: data, steps, loops and reports."""
