"""`rlautoscaler train`: a model from nothing, in the simulator, on one core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlautoscaler.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rlagents.learning.ppo import PPOUpdate
    from rlagents.training.evaluations import Result

DEFAULT_OUT = Path("ppo.safetensors")
_LINES = 20
"""Progress lines of a whole training where there is no terminal."""

OnUpdate = Callable[["PPOUpdate", int], None]


def train(
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal models.")] = 0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Decisions to learn from; the recipe's number if not given.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where the weights go; the card is written beside them (.json).")
    ] = DEFAULT_OUT,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the model's card to standard output instead of a table.")
    ] = False,
) -> None:
    """Train the PPO policy in the simulator and measure it beside plain rules on services it never saw.

    Takes minutes on one core. Needs torch: pip install "rlautoscaler[train]".
    """
    _check(out)
    from rich.console import Console

    from rlagents.policies import models
    from rlagents.training import recipes

    with _progress(Console(stderr=True)) as on_update:
        trained = recipes.train_ppo(seed, steps or recipes.DEFAULT_STEPS, on_update)
    try:
        card = models.save(trained.model, out)
    except OSError as error:
        raise SettingsError(
            f"Cannot write {out} ({error.strerror}): name another file with --out."
        ) from error
    if as_json:
        typer.echo(json.dumps(json.loads(card.to_json())))
    else:
        _show(trained.results, out)


def _check(out: Path) -> None:
    """Refuse at once what would otherwise fail after minutes."""
    if find_spec("torch") is None:
        raise SettingsError(
            'Training needs torch, which is not installed: pip install "rlautoscaler[train]".'
        )
    if out.suffix != ".safetensors":
        raise SettingsError(f"The model is written as safetensors: give --out a name like {DEFAULT_OUT}.")
    if out.is_dir() or (out.parent.exists() and not out.parent.is_dir()):
        raise SettingsError(f"{out} cannot be a file there: name another file with --out.")


@contextmanager
def _progress(console: Console) -> Iterator[OnUpdate]:
    """A bar on a terminal, now and then a line elsewhere."""
    if not console.is_terminal:
        yield _lines
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("training"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("")

        def on_update(update: PPOUpdate, updates: int) -> None:
            last = update.update + 1 == updates
            text = "measuring on unseen services …" if last else _figures(update)
            progress.update(task, total=updates, completed=update.update + 1, description=text)

        yield on_update


def _lines(update: PPOUpdate, updates: int) -> None:
    done = update.update + 1
    if done % max(1, updates // _LINES) == 0 or done == updates:
        typer.echo(f"{done / updates:4.0%}  {update.steps:>9,} steps  {_figures(update)}", err=True)


def _figures(update: PPOUpdate) -> str:
    return (
        f"cost {update.resources:.2f}  violations {update.violation:.2%}  "
        f"entropy {update.entropy:.2f}  approx_kl {update.approx_kl:.4f}"
    )


def _show(results: tuple[Result, ...], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("policy", "cost", "violations", "services within 1 %", "resizes", box=None)
    for result in results:
        table.add_row(
            result.name,
            f"{result.resources:.2f}",
            f"{result.violations:.2%}",
            f"{result.within_budget:.0%}",
            f"{result.resizes:.1%}",
        )
    Console().print(table)
    typer.echo("\nCost is pods asked for, in units of what each service needs at 70 % CPU on average.")
    typer.echo(f"Wrote {out} and {out.with_suffix('.json').name}.")
