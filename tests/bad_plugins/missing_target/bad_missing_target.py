"""The author renamed the function and forgot the entry point."""


def present(weight_matrix):
    return 0.0
