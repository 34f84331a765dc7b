"""The control plane, really started."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import components, states
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox

pytestmark = pytest.mark.cluster

HOLDING = """
import sys, time
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox
try:
    with Sandbox(SandboxOptions(label="held", node_count=1)) as sandbox:
        print(sandbox.name, flush=True)
        time.sleep(120)
except KeyboardInterrupt:
    sys.exit(3)
"""


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return value


def processes_of(folder: str) -> list[int]:
    """Processes that work in a sandbox's folder, or have it in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if folder in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def own(programs: None) -> Iterator[Sandbox]:
    """A sandbox whose parts these tests may stop."""
    with Sandbox(SandboxOptions(label="tests", node_count=1)) as running:
        yield running


@pytest.fixture
def held(programs: None) -> Iterator[tuple[subprocess.Popen[str], states.State]]:
    """A sandbox held by another process, in a process group of its own as a shell's job is."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True, process_group=0
    )
    with holder:
        assert holder.stdout is not None
        name = holder.stdout.readline().strip()
        state = next(each for each in states.running() if each.name == name)
        try:
            yield holder, state
        finally:
            if holder.poll() is None:
                os.killpg(holder.pid, signal.SIGKILL)


def is_gone(state: states.State) -> bool:
    return (
        not processes_of(state.folder) and not Path(state.folder).exists() and state not in states.running()
    )


def test_a_deployment_gets_ready_pods(sandbox: Sandbox) -> None:
    """The real controllers and scheduler bring three replicas to Ready on the simulated nodes."""
    sandbox.kubectl("create", "namespace", "planes-deployment")
    sandbox.kubectl("-n", "planes-deployment", "create", "deployment", "web", "--image=web", "--replicas=3")
    sandbox.kubectl("-n", "planes-deployment", "rollout", "status", "deployment/web", "--timeout=30s")
    status = json.loads(sandbox.kubectl("-n", "planes-deployment", "get", "deployment", "web", "-o", "json"))[
        "status"
    ]
    assert status["readyReplicas"] == 3


def test_the_version_is_the_pinned_one(sandbox: Sandbox) -> None:
    """The server and kubectl tell the version of the Go module that they were built from."""
    versions = json.loads(sandbox.kubectl("version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == components.KUBERNETES_VERSION
    assert versions["clientVersion"]["gitVersion"] == components.KUBERNETES_VERSION


def test_files_with_secrets_are_the_owners_alone(sandbox: Sandbox) -> None:
    """Nobody else can read the tokens, the signing key or a kubeconfig, nor enter the folder."""
    files = [sandbox.kubeconfig, sandbox.folder / "tokens.csv", sandbox.folder / "service-accounts.key"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3
    assert stat.S_IMODE(sandbox.folder.stat().st_mode) == 0o700


def test_a_service_account_has_its_own_rights_only(sandbox: Sandbox) -> None:
    """A token from the TokenRequest API is accepted, and RBAC gives it no more than its role."""
    namespace = "planes-account"
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "serviceaccount", "reader")
    sandbox.kubectl("-n", namespace, "create", "role", "reader", "--verb=list", "--resource=pods")
    sandbox.kubectl(
        "-n",
        namespace,
        "create",
        "rolebinding",
        "reader",
        "--role=reader",
        f"--serviceaccount={namespace}:reader",
    )
    token = sandbox.service_account_token(namespace, "reader")
    kubeconfig = sandbox.kubeconfig_for(f"{namespace}:reader", token)
    sandbox.kubectl("-n", namespace, "get", "pods", f"--kubeconfig={kubeconfig}")
    with pytest.raises(SandboxError, match="cannot list resource"):
        sandbox.kubectl("get", "nodes", f"--kubeconfig={kubeconfig}")


def test_everything_listens_on_loopback_alone(sandbox: Sandbox) -> None:
    """No program of the sandbox can be reached from another machine."""
    open_files = [
        str(descriptor.readlink())
        for pid in processes_of(str(sandbox.folder))
        for descriptor in Path(f"/proc/{pid}/fd").iterdir()
        if descriptor.is_symlink()  # else closed meanwhile
    ]
    inodes = {
        name.removeprefix("socket:[").removesuffix("]") for name in open_files if name.startswith("socket:")
    }
    listening = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            if columns[3] == "0A" and columns[9] in inodes:
                listening.append(columns[1].split(":")[0])
    assert listening
    assert set(listening) == {"0100007F"}


def active_jobs(prometheus_url: str) -> list[str]:
    with urllib.request.urlopen(f"{prometheus_url}/api/v1/targets", timeout=5) as answer:
        targets = json.load(answer)["data"]["activeTargets"]
    return [target["labels"]["job"] for target in targets]


def test_prometheus_takes_another_configuration(own: Sandbox) -> None:
    """A new configuration is read while it runs, and a wrong one is refused with Prometheus' own words."""
    own.configure_prometheus(
        "scrape_configs: [{job_name: web, static_configs: [{targets: ['127.0.0.1:9']}]}]"
    )
    wait_for(lambda: active_jobs(own.prometheus_url) == ["web"])
    with pytest.raises(SandboxError, match="nonsense"):
        own.configure_prometheus("nonsense: true")


def test_two_run_side_by_side(sandbox: Sandbox, own: Sandbox) -> None:
    """A second sandbox has ports and objects of its own, and both are listed."""
    own.kubectl("create", "namespace", "only-here")
    assert "only-here" not in sandbox.kubectl("get", "namespaces")
    assert {sandbox.name, own.name} <= {state.name for state in states.running()}


@pytest.mark.parametrize("part", ["kube-apiserver", "prometheus", "etcd", "kwok"])
def test_a_part_restarts_on_its_port_and_data(own: Sandbox, part: str) -> None:
    """After a crash and a new start the server is where it was and knows what it knew, and pods still start."""
    own.kubectl("create", "deployment", f"after-{part}", "--image=web", "--replicas=1")
    before = (own.server, own.prometheus_url)
    own.restart_part(part, grace=0)
    own.check()
    assert (own.server, own.prometheus_url) == before
    own.kubectl("scale", f"deployment/after-{part}", "--replicas=2")
    own.kubectl("rollout", "status", f"deployment/after-{part}", "--timeout=60s")


def test_a_part_that_ends_by_itself_is_told_with_its_log(own: Sandbox) -> None:
    """`check` names the program, how it ended, and shows the end of its log."""
    own.check()
    os.kill(own._running["kwok"].pid, signal.SIGKILL)
    with pytest.raises(
        SandboxError, match=r"(?s)kwok ended by itself \(signal SIGKILL\).*kwok\.log.*Patch|Watch"
    ):
        wait_for(own.check)
    own.restart_part("kwok")


def test_a_part_that_cannot_start_ends_the_start_with_its_log(programs: None) -> None:
    """A wrong flag is an error at once, with the program's own words, and nothing is left behind."""
    options = SandboxOptions(controller_manager_args=("--no-such-flag",))
    sandbox = Sandbox(options)
    started = time.monotonic()
    with pytest.raises(SandboxError, match=r"(?s)kube-controller-manager ended by itself.*no-such-flag"):
        sandbox.start()
    assert time.monotonic() - started < 30
    assert sandbox.name not in {state.name for state in states.running()}
    assert not sandbox.folder.exists()
    assert not processes_of(str(sandbox.folder))


def test_nothing_is_left_after_a_normal_end(programs: None) -> None:
    """Leaving the context ends every program and removes the folder."""
    with Sandbox(SandboxOptions(node_count=1)) as sandbox:
        state = sandbox.state
        assert processes_of(state.folder)
    assert is_gone(state)


def test_nothing_is_left_after_ctrl_c(held: tuple[subprocess.Popen[str], states.State]) -> None:
    """SIGINT to the whole job, as a terminal sends it, ends the parent by its own code and everything with it."""
    holder, state = held
    os.killpg(holder.pid, signal.SIGINT)
    assert holder.wait(20) == 3
    assert is_gone(state)


def test_nothing_is_left_after_the_parent_was_killed(
    held: tuple[subprocess.Popen[str], states.State],
) -> None:
    """SIGKILL of the parent alone still ends every program and removes the folder."""
    holder, state = held
    holder.kill()
    holder.wait()
    wait_for(lambda: is_gone(state))


def test_another_shell_ends_it(held: tuple[subprocess.Popen[str], states.State]) -> None:
    """`states.end` returns when the sandbox of another process and its files are gone."""
    holder, state = held
    states.end(state)
    assert is_gone(state)
    assert holder.wait(5) != 0


async def test_it_is_an_async_context_manager_too(programs: None) -> None:
    """Started from a worker thread, it outlives that thread."""
    async with Sandbox(SandboxOptions(node_count=1)) as sandbox:
        await asyncio.sleep(0.5)
        sandbox.check()
        assert "node-0" in sandbox.kubectl("get", "nodes")
