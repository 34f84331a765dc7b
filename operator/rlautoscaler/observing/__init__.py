"""What the cluster and Prometheus say, as signals with an age, pods, and health."""
