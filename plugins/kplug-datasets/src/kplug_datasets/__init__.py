"""Small datasets for examples and tests, from the files in Keras's cache folder."""

from kplug_datasets import (
    boston_housing as boston_housing,
    california_housing as california_housing,
    cifar10 as cifar10,
    cifar100 as cifar100,
    fashion_mnist as fashion_mnist,
    imdb as imdb,
    mnist as mnist,
    reuters as reuters,
)

__all__: list[str] = []  # a star import brings no modules
