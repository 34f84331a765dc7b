"""What changes the cluster: the scale, the status, events, and the lease that allows any of it."""
