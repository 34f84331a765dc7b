"""Environment variables that are no settings."""

from __future__ import annotations

import pytest

from rlautoscaler.resources import environments
from rlautoscaler.resources.settings import PREFIX, Settings


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("RLAUTOSCALER_LEASE_NAM", "other", "did you mean RLAUTOSCALER_LEASE_NAME?"),
        ("RLAUTOSCALER_PROMETHEUS_URI", "http://p", "did you mean RLAUTOSCALER_PROMETHEUS_URL?"),
        ("RLAUTOSCALER_LISTENPORT", "8081", "did you mean RLAUTOSCALER_LISTEN_PORT?"),
        ("RLAUTOSCALER_LISTENING_PORT", "8081", "did you mean RLAUTOSCALER_LISTEN_PORT?"),
        ("rlautoscaler_lease_nam", "other", "did you mean RLAUTOSCALER_LEASE_NAME?"),
        ("RLAUTOSCALER_ZZZZZZZZZZZZZZZZ", "1", "`rlautoscaler run --help` lists them all."),
    ],
)
def test_a_misspelt_setting_is_told_with_the_nearest(name: str, value: str, advice: str) -> None:
    """It changes nothing, and nobody would notice."""
    (sentence,) = environments.misspelt({name: value, "PATH": "/bin"})
    assert sentence == f"{name} in the environment is no setting and changes nothing; {advice}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RLAUTOSCALER_SERVICE_HOST", "10.0.0.8"),
        ("RLAUTOSCALER_SERVICE_PORT", "8080"),
        ("RLAUTOSCALER_PORT", "tcp://10.0.0.8:8080"),
        ("RLAUTOSCALER_METRICS_SERVICE_HOST", "10.0.0.7"),
        ("RLAUTOSCALER_METRICS_SERVICE_PORT_HTTP_METRICS", "8080"),
        ("RLAUTOSCALER_METRICS_PORT", "tcp://10.0.0.7:8080"),
        ("RLAUTOSCALER_METRICS_PORT_8080_TCP", "tcp://10.0.0.7:8080"),
        ("RLAUTOSCALER_METRICS_PORT_8080_TCP_PROTO", "tcp"),
        ("RLAUTOSCALER_METRICS_PORT_8080_TCP_ADDR", "10.0.0.7"),
        ("PROMETHEUS_URL", "http://prometheus"),
    ],
)
def test_what_kubernetes_writes_is_no_misspelling(name: str, value: str) -> None:
    """For a Service of a name like ours it writes such variables into every pod."""
    assert list(environments.misspelt({name: value})) == []


def test_no_setting_is_taken_for_a_misspelling() -> None:
    """In upper case as documented, and in lower case, which counts too."""
    names = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    assert list(environments.misspelt(dict.fromkeys([*names, *map(str.lower, names)], "1"))) == []
