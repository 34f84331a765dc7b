"""`spec.policy`: the learned policy and its model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Strict

from rlautoscaler.resources import texts
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Rule


class Algorithm(StrEnum):
    """How a policy was learnt."""

    AUTO = "Auto"
    PATHWISE = "Pathwise"
    HINDSIGHT = "Hindsight"
    PPO = "PPO"
    GRPO = "GRPO"
    ACTOR_CRITIC = "ActorCritic"
    REINFORCE = "REINFORCE"


class BuiltinModel(StrEnum):
    """Models that come with the operator."""

    GENERALIST = "generalist"


class ConfigMapModel(Part):
    """A model in a ConfigMap of the same namespace."""

    place = "policy.model.configMap"

    name: Annotated[str, texts.OBJECT_NAME]
    """Name of the ConfigMap. Required."""

    key: Annotated[str, texts.DATA_KEY] = "model.safetensors"
    """Key under `binaryData` that holds the file. Default `model.safetensors`."""


_KINDS = ("builtin", "configMap", "path", "url")


class Model(Part):
    """The policy's model: exactly one of `builtin`, `configMap`, `path` and `url`. A model is a safetensors
    file with its metadata; it cannot carry code."""

    place = "policy.model"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=" + ".join(f"(has(self.{kind}) ? 1 : 0)" for kind in _KINDS) + " == 1",
            holds=lambda model: sum(getattr(model, kind) is not None for kind in _KINDS) == 1,
            message="model needs exactly one of builtin, configMap, path and url",
        ),
        Rule(
            cel="has(self.url) == has(self.sha256)",
            holds=lambda model: (model.url is None) == (model.sha256 is None),
            message="model.url needs model.sha256 and the other way round: no download is used unchecked",
            field="sha256",
        ),
    )

    builtin: Annotated[BuiltinModel, Strict(False)] | None = None
    """A model that comes with the operator: `generalist`, trained on many kinds of services for the algorithm
    that `policy.algorithm` names."""

    configMap: ConfigMapModel | None = None
    """Not available yet."""

    path: Annotated[str, texts.FILE_PATH] | None = None
    """A file in the operator's container, as an absolute path. Not available yet."""

    url: Annotated[str, texts.HTTPS_URL] | None = None
    """A file to download over https; needs `sha256`. Not available yet."""

    sha256: Annotated[str, texts.SHA256] | None = None
    """Digest of the file at `url`, 64 hexadecimal digits; another file is refused."""


GENERALIST = Model(builtin=BuiltinModel.GENERALIST)


class Policy(Part):
    """The learned policy. It acts only where `rollout` allows it, within `safety`."""

    place = "policy"

    algorithm: Annotated[Algorithm, Strict(False)] = Algorithm.AUTO
    """How the policy was learnt: `Auto` (whichever the benchmark shows best), `PPO`, and not available yet
    `Pathwise`, `Hindsight`, `GRPO`, `ActorCritic`, `REINFORCE`. Default `Auto`."""

    model: Model = GENERALIST
    """Default: the built-in `generalist` of the algorithm."""

    group: Annotated[str, texts.GROUP_NAME] = ""
    """Autoscalers of one group are learnt and decided together. Default: empty, each by itself. Not available
    yet."""
