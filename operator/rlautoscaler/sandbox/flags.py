"""What a sandbox's options add to the command lines of Kubernetes' own programs."""

from __future__ import annotations

from collections.abc import Mapping

from rlautoscaler.sandbox.layouts import Layout
from rlautoscaler.sandbox.options import SandboxOptions


def of_api_server(layout: Layout, options: SandboxOptions) -> tuple[str, ...]:
    """Gates, the audit log, and last the user's own flags."""
    return (*_gates(options.feature_gates), *_audit(layout, options), *options.api_server_args)


def of_controller_manager(options: SandboxOptions) -> tuple[str, ...]:
    """Gates, the HPA controller, and last the user's own flags."""
    return (
        *_gates(options.feature_gates),
        *options.hpa.arguments,
        *options.controller_manager_args,
    )


def _gates(gates: Mapping[str, bool]) -> tuple[str, ...]:
    if not gates:
        return ()
    pairs = [f"{name}={str(is_on).lower()}" for name, is_on in sorted(gates.items())]
    return (f"--feature-gates={','.join(pairs)}",)


def _audit(layout: Layout, options: SandboxOptions) -> tuple[str, ...]:
    if not options.audit_policy:
        return ()
    return (
        f"--audit-policy-file={layout.audit_policy_file}",
        f"--audit-log-path={layout.audit_log}",
        # An event is in the file before its request is answered, so a reader misses none of the past.
        "--audit-log-mode=blocking",
    )
