"""Two objects under one name, and a third that is fine."""


def first(weight_matrix):
    return 1.0


def second(weight_matrix):
    return 2.0


def first_of_all(weight_matrix):
    return 0.0
