"""What to try on a demo that is kept up."""

from __future__ import annotations

import shutil

from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.demo.venues import Venue
from rlautoscaler.sandbox import binaries, components


def text(venue: Venue, scenario: Scenario) -> str:
    """Lines for another shell."""
    kubectl = _kubectl()
    place = f"export KUBECONFIG={venue.kubeconfig}" if venue.kubeconfig else f"# context {venue.context}"
    context = "" if venue.kubeconfig else f" --context {venue.context}"
    namespaced = f"{kubectl}{context} -n {scenario.ours.namespace}"
    name = scenario.ours.name
    return f"""
Everything stays up, traffic included. In another shell:
  {place}
  {namespaced} get rla,hpa,deployments
  {namespaced} describe rla {name}
  {namespaced} get events --sort-by=.lastTimestamp
  {namespaced} annotate rla {name} rlautoscaler.io/force-baseline=true
  {namespaced} annotate rla {name} rlautoscaler.io/force-baseline-
Prometheus: {venue.prometheus_url}
The operator's log: {venue.folder}/logs/operator.log
Ctrl-C ends it."""


def _kubectl() -> str:
    """The user's own, or the sandbox's."""
    if shutil.which("kubectl"):
        return "kubectl"
    return str(binaries.find(components.KUBECTL) or "kubectl")
