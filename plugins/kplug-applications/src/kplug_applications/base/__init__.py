"""What all architectures share: inputs, tops, files of weights, and the layers that they are made of."""
