"""The brain's errors, one tree:

    BrainError
    ├── ModelError            a model file that cannot be used
    │   ├── ModelFormatError      not a model of ours, or damaged
    │   └── ModelSchemaError      made for features or actions this version does not have
    ├── InvalidSpecError      a specification no decision can be made from
    └── MetricError           a metric of the HPA without a proposal; stays within `policies.hpa`

Each message is a sentence that tells the reader what to do.
"""

from __future__ import annotations


class BrainError(Exception):
    """Anything the brain refuses to do."""


class ModelError(BrainError):
    """A model file that cannot be used."""


class ModelFormatError(ModelError):
    """Not a model file of ours, or a damaged one."""


class ModelSchemaError(ModelError):
    """A model made for features or actions that this version does not have."""


class InvalidSpecError(BrainError):
    """A specification no decision can be made from."""
