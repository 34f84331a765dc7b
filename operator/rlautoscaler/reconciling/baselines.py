"""The HPA of each autoscaler, read once per generation of its spec."""

from __future__ import annotations

from collections.abc import Collection

from rlagents.policies import hpa
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting.ticks import Failure
from rlautoscaler.reconciling.stores import Stored
from rlautoscaler.resources import conversions
from rlautoscaler.resources.autoscalers import SpecInvalid


class Baselines:
    """All baselines; `parameters` are those of the cluster's controller."""

    def __init__(self, parameters: hpa.HpaParameters) -> None:
        self._parameters = parameters
        self._known: dict[WorkloadKey, tuple[str, int, hpa.HpaSpec | Failure]] = {}

    def of(self, stored: Stored) -> hpa.HpaSpec | Failure:
        """The HPA, or why there can be none."""
        autoscaler = stored.autoscaler
        if isinstance(autoscaler.spec, SpecInvalid):
            return Failure(Reason.INVALID_SPEC, str(autoscaler.spec))
        known = self._known.get(autoscaler.key)
        if known is None or known[:2] != (autoscaler.uid, autoscaler.generation):
            known = autoscaler.uid, autoscaler.generation, self._read(stored)
            self._known[autoscaler.key] = known
        return known[2]

    def retain(self, existing: Collection[WorkloadKey]) -> None:
        """Free what is held of autoscalers that are no more."""
        for key in self._known.keys() - set(existing):
            del self._known[key]

    def _read(self, stored: Stored) -> hpa.HpaSpec | Failure:
        spec = stored.autoscaler.spec
        assert not isinstance(spec, SpecInvalid)
        try:
            baseline = conversions.baseline(spec)
        except InvalidSpecError as error:
            return Failure(Reason.INVALID_SPEC, str(error))
        if baseline.min_replicas == 0 and not self._parameters.scale_to_zero:
            return Failure(
                Reason.INVALID_SPEC,
                "minReplicas is 0 and the operator runs with --no-hpa-scale-to-zero: set minReplicas to 1, "
                "or switch the setting on.",
            )
        return baseline
