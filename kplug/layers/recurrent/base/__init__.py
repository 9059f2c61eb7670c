"""What recurrent layers are made of: cells, kept states, and the choice between a fused kernel and a loop."""
