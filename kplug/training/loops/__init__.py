"""The loops of ``fit``, ``evaluate`` and ``predict``, which call the callbacks."""
