"""What a sandbox's options add to the flags of Kubernetes' programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rlautoscaler.sandbox import flags, layouts
from rlautoscaler.sandbox.hpas import HpaFlags
from rlautoscaler.sandbox.layouts import Layout
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.ports import PortReservations


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    reserved = PortReservations(layouts.PORTS)
    yield Layout(tmp_path, reserved)
    reserved.close()


def test_nothing_is_added_unless_asked_for(layout: Layout) -> None:
    """A plain sandbox runs with Kubernetes' own defaults."""
    assert flags.of_api_server(layout, SandboxOptions()) == ()
    assert flags.of_controller_manager(SandboxOptions()) == ()


def test_gates_go_to_both_programs(layout: Layout) -> None:
    """One that only half of them knows would be worse than none."""
    options = SandboxOptions(feature_gates={"HPAScaleToZero": True, "HPAGeneration": False})
    gates = "--feature-gates=HPAGeneration=false,HPAScaleToZero=true"
    assert gates in flags.of_api_server(layout, options)
    assert gates in flags.of_controller_manager(options)


def test_the_hpa_controllers_settings_become_its_flags() -> None:
    """Durations in Go's form; what is not set stays Kubernetes' default."""
    options = SandboxOptions(hpa=HpaFlags(sync_period=2.0, downscale_stabilization=21.0, tolerance=0.05))
    assert flags.of_controller_manager(options) == (
        "--horizontal-pod-autoscaler-sync-period=2s",
        "--horizontal-pod-autoscaler-downscale-stabilization=21s",
        "--horizontal-pod-autoscaler-tolerance=0.05",
    )


def test_an_audit_policy_leads_to_a_log(layout: Layout) -> None:
    """The API server is told where the policy is and where to write."""
    found = flags.of_api_server(layout, SandboxOptions(audit_policy="rules: []"))
    assert f"--audit-policy-file={layout.audit_policy_file}" in found
    assert f"--audit-log-path={layout.audit_log}" in found


def test_the_users_own_flags_come_last(layout: Layout) -> None:
    """So that they win."""
    options = SandboxOptions(
        feature_gates={"HPAScaleToZero": True}, api_server_args=("--v=2",), controller_manager_args=("--v=4",)
    )
    assert flags.of_api_server(layout, options)[-1] == "--v=2"
    assert flags.of_controller_manager(options)[-1] == "--v=4"
