"""Weights in files: in the HDF5 layouts of Keras 2 and Keras 3, and in safetensors.

``weight_files`` has the entry points. They list a model's weights (``named_weights``), pair them with a
file's (``keras2_matching``, ``keras3_matching``) in a ``LoadPlan``, and copy them (``hdf5_tensors``).
"""
