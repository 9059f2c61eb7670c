"""Components beside those of Keras, torch, torchmetrics, MONAI and pytorch-optimizer, by the same recipes."""
