"""Methods that models of Keras 2 have, and how theirs differ."""
