"""The brain: states, features, actions, policies, safety, simulator, learning.

Knows no cluster, no clock and no network; numpy to decide, torch only to learn.
"""
