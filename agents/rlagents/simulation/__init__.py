"""A service under load, vectorised over many: arrivals, latency, capacity, pods that take time to start.

Pure numpy; randomness comes in as a generator. The sandbox drives its live services with the same model.
"""
