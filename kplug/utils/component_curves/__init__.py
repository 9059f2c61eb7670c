"""What a component does, as a curve.

Data flows in this order::

    numbers             curve
    asking a component  optimizer_path → sampling
    a picture           drawing
"""
