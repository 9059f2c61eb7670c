"""Whole models by name: their kind of component, and the layer around a network of torch."""
