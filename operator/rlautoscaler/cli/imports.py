"""`rlautoscaler import`: go on from what is there."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlautoscaler.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from rlautoscaler.imports.translations import Continuation

app = typer.Typer(help="Go on from the autoscaler that is there.", no_args_is_help=True)


class Format(StrEnum):
    """What is printed."""

    YAML = "yaml"
    JSON = "json"


@app.callback()
def imported() -> None:
    """Go on from the autoscaler that is there."""


@app.command()
def hpa(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of the HPA; with --file only where it has several."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Of the HPA. Default: the context's.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", metavar="FILE", help="Read it from a file; - is standard input."),
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="YAML has comments.")] = Format.YAML,
    apply: Annotated[
        bool, typer.Option("--apply", help="Create the RLAutoscaler in the cluster in place of printing it.")
    ] = False,
    new_name: Annotated[
        str, typer.Option("--name", help="Of the RLAutoscaler. Default: the HPA's, or its ScaledObject's.")
    ] = "",
    preset: Annotated[
        str, typer.Option(help="Where request metrics come from: none, istio, ingress-nginx or http-server.")
    ] = "none",
    latency_target: Annotated[
        str | None, typer.Option(help="Highest p99 latency that is still good, as 250ms.")
    ] = None,
    error_rate: Annotated[
        str | None, typer.Option(help="Highest share of requests that may fail, as 1%.")
    ] = None,
    resource_metrics: Annotated[
        str,
        typer.Option(help="Where the baseline reads CPU and memory: Prometheus, or MetricsAPI as the HPA."),
    ] = "Prometheus",
    context: Annotated[
        str | None, typer.Option(help="Context of the kubeconfig. Default: its current one.")
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Kubeconfig file. Default: KUBECONFIG, then ~/.kube/config.")
    ] = None,
) -> None:
    """Write the RLAutoscaler that continues a HorizontalPodAutoscaler, in Shadow beside it.

    Target, bounds, metrics and behavior are the HPA's own. The new object scales nothing as long as the HPA
    is there; the cluster is changed only with --apply. What you have to know is told on standard error.

    rlautoscaler import hpa checkout -n shop | kubectl apply -f -

    kubectl get hpa checkout -o yaml | rlautoscaler import hpa -f - --preset istio
    """
    import asyncio

    from rlautoscaler.imports import clusters, hpas, translations
    from rlautoscaler.imports.translations import Wishes

    place = clusters.Place(namespace, context, kubeconfig)
    if file is not None:
        manifest = hpas.find(_text(file), name or "", namespace or "")
    elif name is not None:
        manifest = asyncio.run(clusters.fetch(place, name))
    else:
        raise UsageError(
            "Name the HPA, or a file with --file; `rlautoscaler import hpa --help` has examples."
        )
    wishes = Wishes(new_name, preset, resource_metrics, latency_target, error_rate)
    continuation = translations.continued(hpas.read(manifest, namespace or ""), wishes)
    if apply:
        where = asyncio.run(clusters.submit(place, continuation))
        typer.echo(f"RLAutoscaler {where}/{continuation.name} created, in Shadow")
    else:
        _print(continuation, output)
    for note in continuation.notes:
        typer.echo(f"note: {note}", err=True)


def _text(file: str) -> str:
    """Of a file, or of standard input."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file {file} cannot be read: {error}.") from error


def _print(continuation: Continuation, output: Format) -> None:
    from rlautoscaler.imports import texts

    as_text = texts.as_yaml if output is Format.YAML else texts.as_json
    typer.echo(as_text(continuation), nl=False)
