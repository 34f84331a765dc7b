"""The doors outside: the API server and Prometheus, each a small protocol with a real and a fake side."""
