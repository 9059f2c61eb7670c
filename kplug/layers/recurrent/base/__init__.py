"""What recurrent layers are made of: cells, the states that are kept, and fused kernels."""
