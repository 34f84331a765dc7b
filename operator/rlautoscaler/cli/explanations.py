"""`rlautoscaler explain`: why the size is what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rlautoscaler.clients.protocols import Manifest


def explain(
    name: Annotated[str, typer.Argument(help="The RLAutoscaler.")],
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Where it is; by default where kubectl would look."),
    ] = None,
    context: Annotated[str | None, typer.Option(help="Of the kubeconfig.")] = None,
    kubeconfig: Annotated[Path | None, typer.Option(help="By default what kubectl would take.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same for scripts, with whole thousandths for quantities.")
    ] = False,
) -> None:
    """Print the last decision's arithmetic: each metric, its ratio and proposal, and what changed the size.

    Everything is as the operator worked it out for that decision. Exit code 1 where there is none to explain.
    """
    import asyncio
    import json
    import time

    from rlautoscaler.explaining import reports, texts

    manifest = asyncio.run(_look_up(name, namespace, context, kubeconfig))
    report = reports.report(manifest, now=time.time())
    typer.echo(json.dumps(report.plain()) if as_json else texts.text(report))


async def _look_up(
    name: str, namespace: str | None, context: str | None, kubeconfig: Path | None
) -> Manifest:
    from rlautoscaler.clients import credentials, kube
    from rlautoscaler.explaining import lookups

    async with kube.connect(kubeconfig=kubeconfig, context=context) as api:
        place = namespace or credentials.namespace(kubeconfig, context)
        return await lookups.find(api, place, name)
