"""Base of all layers: building, weights, component slots, masks, configurations and shared mixins."""
