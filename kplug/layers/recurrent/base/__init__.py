"""Base of the recurrent layers: cells, stored states and fused kernels."""
