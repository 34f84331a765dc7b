"""Workload states in, decisions out: the one code path for simulator and cluster.

Pure: state, history, `now` (in the state) and the generator are arguments. `cases` holds what goes in and
comes out, `arbitrations` whose turn it is, `deciders` the batch.
"""
