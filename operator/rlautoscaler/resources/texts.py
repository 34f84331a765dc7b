"""Names and addresses in the forms that Kubernetes gives them."""

from __future__ import annotations

from rlautoscaler.resources.rules import Text

OBJECT_NAME = Text(
    pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    longest=253,
    message="must be the name of an object: lower-case letters, digits, '-' and '.', such as checkout",
)
CONTAINER_NAME = Text(
    pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    longest=63,
    message="must be the name of a container: lower-case letters, digits and '-', such as app",
)
GROUP_NAME = Text(
    pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
    shortest=0,
    longest=63,
    message="must be empty or a name of lower-case letters, digits and '-', such as shop",
)
KIND = Text(
    pattern=r"^[A-Z][A-Za-z0-9]*$",
    longest=63,
    message="must be a kind, such as Deployment",
)
API_VERSION = Text(
    pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?$",
    longest=253,
    message="must be a group and version, such as apps/v1",
)
DATA_KEY = Text(
    pattern=r"^[-._a-zA-Z0-9]+$",
    longest=253,
    message="must be a key of a ConfigMap: letters, digits, '-', '_' and '.', such as model.safetensors",
)
FILE_PATH = Text(
    pattern=r"^/.+$",
    longest=4096,
    message="must be an absolute path, such as /models/checkout.safetensors",
)
HTTPS_URL = Text(
    pattern=r"^https://[!-.0-?A-~]+(/[!-~]*)?$",
    longest=2048,
    message="must be an https:// address without user name, such as https://models.example/m.safetensors",
)
SHA256 = Text(
    pattern=r"^[0-9a-f]{64}$",
    shortest=64,
    longest=64,
    message="must be the SHA-256 digest of the file: 64 lower-case hexadecimal digits",
)
METRIC_NAME = Text(
    pattern=r"^[!-$&-.0-~]+$",
    longest=253,
    message="must be the name of a metric, without '/', '%' or spaces, such as requests_per_second",
)
