"""Methods of Keras 2's models: additional ones, and different ones."""
