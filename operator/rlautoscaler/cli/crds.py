"""`rlautoscaler crd`: the CustomResourceDefinition of this very version."""

from __future__ import annotations

import typer


def crd() -> None:
    """Print the CustomResourceDefinition (`rlautoscaler crd | kubectl apply --server-side -f -`)."""
    from rlautoscaler.resources import schemas

    typer.echo(schemas.text(), nl=False)
