"""The body: custom resource, Prometheus, Kubernetes, rollout, memory, command line, sandbox."""
