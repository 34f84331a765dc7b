"""The doors outside: the API server, its metrics APIs and Prometheus.

Each is a small protocol with a real and a fake side.
"""
