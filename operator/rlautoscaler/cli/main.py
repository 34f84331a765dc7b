"""The command `rlautoscaler` (also `kubectl rla`): subcommands put together, errors told as sentences.

Exit codes: 0 done, 1 refused or failed with a sentence on standard error, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from rlagents.structs.errors import BrainError
from rlautoscaler.cli import crds, demos, evaluations, explanations, imports, runs, sandboxes, trainings
from rlautoscaler.errors import OperatorError, UsageError

app = typer.Typer(
    name="rlautoscaler",
    help="A Kubernetes autoscaler that learns, and earns its trust beside the HPA it replaces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Its settings are many and come from three places; they have a parser of their own.
app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(runs.run)
app.command()(demos.demo)
app.command()(explanations.explain)
app.add_typer(sandboxes.app, name="sandbox")
app.command()(trainings.train)
app.add_typer(evaluations.app, name="evaluate")
app.add_typer(imports.app, name="import")
app.command()(crds.crd)


@app.command("version")
def show_version() -> None:
    """Print the version."""
    from importlib.metadata import version

    typer.echo(version("rlautoscaler"))


def main() -> None:
    """Entry point of the console scripts."""
    try:
        app()
    except UsageError as error:
        _tell(error)
        sys.exit(2)
    except (OperatorError, BrainError) as error:
        _tell(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _tell(error: Exception) -> None:
    typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)


if __name__ == "__main__":
    main()
