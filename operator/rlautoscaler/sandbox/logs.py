"""Reading the end of a program's log for people."""

from __future__ import annotations

from pathlib import Path

_LINES = 15
_LINE_LENGTH = 400
_READ_BYTES = 64 * 1024


def tail(path: Path, lines: int = _LINES) -> str:
    """The last lines, long ones cut; a parenthesis where there is nothing."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _READ_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    kept = [line[:_LINE_LENGTH] for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(kept) or "(it wrote nothing)"
