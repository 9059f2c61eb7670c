"""One of two."""


def contested(weight_matrix):
    return "two"
