"""The run as a PNG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rlautoscaler.demo import pictures, summaries
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.errors import DemoError
from rlautoscaler.sandbox.records import Record

Records = Callable[..., list[Record]]


@pytest.mark.parametrize("length", [0, 1, 60])
def test_a_run_of_any_length_can_be_drawn(
    tmp_path: Path, scenario: Scenario, records: Records, length: int
) -> None:
    """Interrupted at once or complete, with seconds without any request in it, a PNG comes out."""
    pytest.importorskip("matplotlib")
    ours, twin = records(*[{}] * length), records(*[{"latency_p99": None, "failed": 5.0}] * length)
    summary = summaries.summarize(scenario, ours, twin, [], is_complete=False)
    pictures.draw(tmp_path / "run.png", scenario, ours, twin, summary)
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


def test_an_unwritable_file_is_told(tmp_path: Path, scenario: Scenario, records: Records) -> None:
    """Not with a traceback after three minutes."""
    pytest.importorskip("matplotlib")
    summary = summaries.summarize(scenario, [], [], [], is_complete=False)
    with pytest.raises(DemoError, match="cannot be written"):
        pictures.draw(tmp_path, scenario, [], [], summary)


def test_missing_matplotlib_is_told_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setattr(pictures, "find_spec", lambda _: None)
    with pytest.raises(DemoError, match=r"rlautoscaler\[report\]"):
        pictures.check()
