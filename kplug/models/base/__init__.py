"""Base of the models: argument checks, graph inputs, and added losses and metrics."""
