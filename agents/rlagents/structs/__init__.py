"""Frozen types that flow from metric to patch, the closed vocabulary of reasons, and the errors.

The lowest layer: imports nothing of ours. Times are seconds since the epoch, CPU is in thousandths of a
core ("milli"), memory in bytes unless a name says otherwise.
"""
