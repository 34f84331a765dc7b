"""What the schema has in its final shape and this version does not do yet.

A document that asks for it is refused when it is applied, with a sentence, instead of being accepted and not
obeyed. Each line of the table is one refusal, for the API server and for Python alike: to lift it, delete it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rlautoscaler.resources.rules import Cause, Rule


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that stands until a later version can do what it refuses."""

    part: str
    """Path below `spec` of the object it is about; the entries of a list go by the list's name."""
    rule: Rule


def rules(part: str) -> tuple[Rule, ...]:
    """Those about one object."""
    return tuple(refusal.rule for refusal in NOT_YET if refusal.part == part)


def _value(path: str, value: str, *, use: str) -> Refusal:
    """One value of an enumeration."""
    message = f"{path} {value} is not available yet; use {use}"
    return _refusal(path, message, cel="self.{} != '" + value + "'", holds=lambda found: found != value)


def _presence(path: str, *, use: str) -> Refusal:
    """An optional field, whatever it says."""
    message = f"{path} is not available yet; use {use}"
    return _refusal(path, message, cel="!has(self.{})", holds=lambda found: found is None)


def _text(path: str) -> Refusal:
    """A text other than the empty one."""
    message = f"{path} is not available yet; leave it empty"
    return _refusal(path, message, cel="self.{} == ''", holds=lambda found: found == "")


def _default(path: str, value: float | str) -> Refusal:
    """Any value but the default."""
    message = f"{path} is not available yet; leave it at {value}"
    cel = f"self.{{}} == {value!r}"
    return _refusal(path, message, cel=cel, holds=lambda found: found == value)


def _refusal(path: str, message: str, *, cel: str, holds: Callable[[Any], bool]) -> Refusal:
    part, field = path.rsplit(".", 1)
    return Refusal(
        part,
        Rule(
            cel=cel.format(field),
            holds=lambda parsed: holds(getattr(parsed, field)),
            message=message,
            field=field,
            cause=Cause.FORBIDDEN,
        ),
    )


_PRESETS = "none, istio, ingress-nginx or http-server"

NOT_YET = (
    _value("rollout.mode", "Canary", use="Shadow or Auto"),
    _value("policy.algorithm", "Pathwise", use="Auto or PPO"),
    _value("policy.algorithm", "Hindsight", use="Auto or PPO"),
    _value("policy.algorithm", "GRPO", use="Auto or PPO"),
    _value("policy.algorithm", "ActorCritic", use="Auto or PPO"),
    _value("policy.algorithm", "REINFORCE", use="Auto or PPO"),
    _presence("policy.model.configMap", use="builtin"),
    _presence("policy.model.path", use="builtin"),
    _presence("policy.model.url", use="builtin"),
    _text("policy.group"),
    _value("resources.mode", "InPlace", use="Recommend"),
    _value("resources.mode", "InPlaceOrRollout", use="Recommend"),
    _value("resources.mode", "Rollout", use="Recommend"),
    _value("metrics.preset", "linkerd", use=_PRESETS),
    _value("metrics.preset", "traefik", use=_PRESETS),
    _value("metrics.preset", "vllm", use=_PRESETS),
    _default("safety.minSafety", 0.9),
    _default("safety.horizon", "5m"),
)
