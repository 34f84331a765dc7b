"""How the API addresses the custom resource."""

GROUP = "rlautoscaler.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "RLAutoscaler"
LIST_KIND = f"{KIND}List"
PLURAL = "rlautoscalers"
SINGULAR = "rlautoscaler"
SHORT_NAMES = ("rla",)
CATEGORIES = ("autoscaling",)
