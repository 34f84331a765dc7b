"""From a HorizontalPodAutoscaler to the RLAutoscaler that continues it.

hpas           what a manifest or a file says of an HPA
translations   the RLAutoscaler, and what its user has to know
texts          as YAML with comments, or as JSON
clusters       read from a cluster, create in it
"""
