"""Measurements that are commands, never tests: they print what this machine does, with their settings."""
