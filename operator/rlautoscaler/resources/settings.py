"""The settings of `rlautoscaler run`, from flags, environment and file, in this order of precedence.

--prometheus-url URL          a flag
RLAUTOSCALER_PROMETHEUS_URL   in the environment
prometheus_url: URL           in the YAML file that --config or RLAUTOSCALER_CONFIG names
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import BaseSettings, CliApp, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from rlautoscaler.errors import SettingsError, UsageError
from rlautoscaler.resources.options import (
    BaselineSettings,
    ClusterSettings,
    LeaseSettings,
    PriceSettings,
    PrometheusSettings,
    ServingSettings,
    TickSettings,
)

PREFIX = "RLAUTOSCALER_"

_OF_FLAGS = "error parsing CLI: "
"""How pydantic-settings begins its complaints about the command line."""


class Settings(
    PriceSettings,
    ServingSettings,
    LeaseSettings,
    BaselineSettings,
    TickSettings,
    PrometheusSettings,
    ClusterSettings,
    BaseSettings,
):
    """The operator's settings; also RLAUTOSCALER_LEASE_NAME in the environment, or lease_name in --config."""

    # Functions should ask for the group that they need.

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # charts write empty values for what is not set
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_avoid_json=True,
        cli_hide_none_type=True,
        cli_exit_on_error=False,
        cli_prog_name="rlautoscaler run",
    )

    config: Path | None = None
    """YAML file with settings, named as in the environment without prefix, in lower case. Default: none."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags go first by themselves, then the environment, then what is passed in: the file."""
        return env_settings, init_settings


def load(arguments: Sequence[str] = ()) -> Settings:
    """The settings. Raises `SettingsError` with a sentence for each that cannot work.

    arguments: of the command line, as `--prometheus-url=http://…`; with `--help` it prints them all and
    exits.
    """
    try:
        return CliApp.run(Settings, cli_args=list(arguments), **_file(arguments))
    except ValidationError as error:
        problems = [_sentence(one) for one in error.errors(include_url=False)]
        raise SettingsError(f"The settings cannot work: {'; '.join(problems)}.") from error
    except SourceError as error:
        cause = str(error).removeprefix(_OF_FLAGS)
        if cause != str(error):
            raise UsageError(f"{cause}; `rlautoscaler run --help` lists all settings.") from error
        raise SettingsError(f"The settings cannot be read: {error}.") from error


def _file(arguments: Sequence[str]) -> dict[str, Any]:
    """What the settings file says."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", default=os.environ.get(f"{PREFIX}CONFIG"))
    path = parser.parse_known_args(arguments)[0].config
    if not path:
        return {}
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from error
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise SettingsError(f"The settings file {path} must hold names with values, one a line.")
    return document


def _sentence(error: Any) -> str:
    unknown = error["type"] == "extra_forbidden"
    cause = "there is no such setting" if unknown else error.get("ctx", {}).get("error", error["msg"])
    name = ".".join(str(step) for step in error["loc"])
    return f"{name}: {cause}" if name else str(cause)
