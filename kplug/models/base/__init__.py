"""What a model is made of: what its methods check, and what a graph takes as inputs."""
