"""Decisions told afterwards, from what the status holds: nothing is worked out anew.

lookups   the custom resource, or a sentence why there is none
reports   what of it belongs to the last decision; as plain data for scripts
texts     the same for people: the decision, then the baseline line by line
  metrics     the table of metrics
  figures     cores, Mi, percent, ages
"""
