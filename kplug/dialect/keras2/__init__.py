"""What Keras 1, Keras 2 and tf-keras wrote, in the words of today."""
