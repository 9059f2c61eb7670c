"""Curves that show a component's behaviour.

Data flows in this order::

    numbers             curve
    asking a component  optimizer_path → sampling
    a picture           drawing
"""
