"""`rlautoscaler run`: the operator."""

from __future__ import annotations

import typer


def run(context: typer.Context) -> None:
    """Run the operator: watch RLAutoscalers, decide, scale. `rlautoscaler run --help` lists all settings."""
    import asyncio
    import logging
    import os
    import sys

    from rlautoscaler import processes
    from rlautoscaler.resources import environments, settings
    from rlautoscaler.telemetry import logs

    loaded = settings.load(context.args)
    logs.configure(
        logs.LogStyle(loaded.log_format),
        verbose=loaded.log_level == "debug",
        terminal=sys.stderr.isatty(),
    )
    for sentence in environments.misspelt(os.environ):
        logging.getLogger(__name__).warning("%s", sentence)
    asyncio.run(processes.serve(loaded))
