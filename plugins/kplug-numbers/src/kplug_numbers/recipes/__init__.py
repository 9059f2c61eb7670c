"""Recipes: for each kind, the inputs and what is recorded of a component that gets them."""
