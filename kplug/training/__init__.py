"""Training: data, steps, loops, and what a person sees of them."""
