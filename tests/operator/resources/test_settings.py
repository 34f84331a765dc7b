"""The settings of the process."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from rlagents.policies.hpa import PRODUCTION
from rlagents.structs.objectives import Prices
from rlautoscaler.errors import SettingsError
from rlautoscaler.resources import settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)


def test_nothing_need_be_set() -> None:
    """The defaults are Kubernetes' own for lease and HPA, and the documented prices."""
    found = settings.load()
    assert (found.lease_duration, found.lease_renew_deadline, found.lease_retry_period) == (15.0, 10.0, 2.0)
    assert found.hpa_parameters == replace(PRODUCTION, scale_to_zero=True)
    assert found.prices == Prices()


def test_the_gate_for_scaling_to_zero_is_the_administrators() -> None:
    """On as in Kubernetes from 1.37 on, off by a flag without value."""
    assert settings.load().hpa_parameters.scale_to_zero
    assert not settings.load(["--no-hpa-scale-to-zero"]).hpa_parameters.scale_to_zero


def test_flags_go_before_environment_before_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source only fills in what the one before it leaves open."""
    file = tmp_path / "settings.yaml"
    file.write_text("tick_deadline: 1s\nprometheus_timeout: 1s\nlease_name: file\n")
    monkeypatch.setenv("RLAUTOSCALER_CONFIG", str(file))
    monkeypatch.setenv("RLAUTOSCALER_TICK_DEADLINE", "2s")
    monkeypatch.setenv("RLAUTOSCALER_PROMETHEUS_TIMEOUT", "2s")
    found = settings.load(["--tick-deadline", "3s"])
    assert (found.tick_deadline, found.prometheus_timeout, found.lease_name) == (3.0, 2.0, "file")


def test_the_file_may_be_named_by_a_flag(tmp_path: Path) -> None:
    """`--config` goes before the environment's."""
    file = tmp_path / "settings.yaml"
    file.write_text("prometheus_headers: {X-Scope-OrgID: shop}\n")
    assert settings.load([f"--config={file}"]).prometheus_headers == {"X-Scope-OrgID": "shop"}


def test_headers_can_be_given_one_by_one() -> None:
    """A header is a name and a value; the flag may be repeated."""
    found = settings.load(["--prometheus-headers", "X-Scope-OrgID=shop", "--prometheus-headers", "X-B=2"])
    assert found.prometheus_headers == {"X-Scope-OrgID": "shop", "X-B": "2"}


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """Headers may hold a token, so they are no part of the text of the settings."""
    assert "secret" not in repr(settings.load(["--prometheus-headers", "Authorization=secret"]))


def test_a_short_interval_shortens_the_reading() -> None:
    """A loop that ticks every second cannot read for ten."""
    found = settings.load()
    assert (found.reading_time(60.0), found.reading_time(15.0), found.reading_time(1.5)) == (10.0, 10.0, 1.0)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts write empty values for what is left open."""
    monkeypatch.setenv("RLAUTOSCALER_PROMETHEUS_CA_FILE", "")
    assert settings.load().prometheus_ca_file is None


def test_what_kubernetes_puts_into_the_environment_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service called rlautoscaler-metrics gives every pod variables with our prefix."""
    monkeypatch.setenv("RLAUTOSCALER_METRICS_PORT", "tcp://10.0.0.7:8080")
    monkeypatch.setenv("RLAUTOSCALER_PORT", "tcp://10.0.0.8:443")
    monkeypatch.setenv("RLAUTOSCALER_SERVICE_HOST", "10.0.0.8")
    assert settings.load().listen_port == 8080


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tick-deadline", "soon"], "tick_deadline: 'soon' is not a duration; write it like 15s"),
        (["--tick-deadline", "0s"], "tick_deadline: Input should be greater than 0"),
        (["--prometheus-url", "prometheus:9090"], "prometheus_url: write it like http://prometheus"),
        (["--prometheus-url", "http://me:secret@prometheus"], "credentials have settings of their own"),
        (["--prometheus-url", "http://prometheus:port"], "prometheus_url: "),
        (["--prometheus-username", "me"], "prometheus_username and prometheus_password_file need each other"),
        (["--prometheus-client-key-file", "/key"], "need each other"),
        (
            [
                *("--prometheus-bearer-token-file", "/token", "--prometheus-username", "me"),
                *("--prometheus-password-file", "/password"),
            ],
            "not both",
        ),
        (["--lease-duration", "9s"], "lease_retry_period < lease_renew_deadline < lease_duration must hold"),
        (["--log-format", "xml"], "log_format: "),
        (["--listen-port", "70000"], "listen_port: "),
        (["--nothing", "1"], "unrecognized arguments"),
        (["--config", "/nowhere/settings.yaml"], "The settings file /nowhere/settings.yaml cannot be read"),
    ],
)
def test_settings_that_cannot_work_are_told(arguments: list[str], sentence: str) -> None:
    """The process ends with a sentence that names the setting."""
    with pytest.raises(SettingsError) as caught:
        settings.load(arguments)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("text", ["- a list", "7: a number", "unknown: 1", "a: [", "lease_name: [1]"])
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: str) -> None:
    """Neither a typo nor another kind of YAML passes unnoticed."""
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError):
        settings.load(["--config", str(file)])


def test_headers_that_are_no_json_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment headers are a JSON object."""
    monkeypatch.setenv("RLAUTOSCALER_PROMETHEUS_HEADERS", "X-Scope-OrgID=shop")
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load()


def test_help_writes_durations_as_they_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    """What the help calls the default may be given back as it stands."""
    with pytest.raises(SystemExit) as caught:
        settings.load(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert caught.value.code == 0
    assert "--lease-duration Duration" in told
    assert "(default: 15s)" in told
    assert "(default: 5m)" in told
    assert "lease_name in --config." in told


def test_every_setting_is_explained() -> None:
    """Each has a description, which says what it is by default."""
    silent = [
        name
        for name, field in settings.Settings.model_fields.items()
        if "efault" not in (field.description or "")
    ]
    assert silent == []
