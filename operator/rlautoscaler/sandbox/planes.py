"""The sandbox itself: control plane, simulated nodes and Prometheus, started in order and ended together."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import (
    binaries,
    builds,
    components,
    credentials,
    folders,
    layouts,
    logs,
    nodes,
    parts,
    ports,
    probes,
    processes,
    prometheus,
    states,
)
from rlautoscaler.sandbox.options import SandboxOptions

_READY_SECONDS = 90.0
"""Starting takes 3 s; the bound is for a machine that compiles something meanwhile."""
_GRACE_SECONDS = 1.0
"""kube-apiserver drains for longer than anybody wants to wait for a sandbox to end."""
_KUBECTL_SECONDS = 120.0


class Sandbox:
    """A control plane on loopback; use it as a context manager, plain or async.

    Raises `SandboxError` where a program cannot be found, built or started; nothing is left behind then.
    Not safe to use from several threads at once.
    """

    def __init__(
        self, options: SandboxOptions | None = None, *, listener: builds.Listener = builds.ignore
    ) -> None:
        self.options = options or SandboxOptions()
        self.name = secrets.token_hex(3)
        self._listener = listener
        self._exits = ExitStack()
        self._parts: dict[str, parts.Part] = {}
        self._running: dict[str, processes.Process] = {}
        self._tokens: dict[str, str] = {}
        self._started_layout: layouts.Layout | None = None
        self._started_at = 0.0
        self._is_ready = False
        self._is_given_up = False

    # What the control plane is used with.

    @property
    def folder(self) -> Path:
        """Kubeconfigs, logs, data."""
        return self._layout.folder

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file."""
        return self._layout.kubeconfig

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._layout.server

    @property
    def ca_file(self) -> Path:
        """What signed the API server's certificate."""
        return self._layout.ca_file

    @property
    def certificate_key_file(self) -> Path:
        """The private key of `ca_file`, for whoever stands in for a part of the cluster."""
        return self._layout.ca_file.with_suffix(".key")

    @property
    def audit_log(self) -> Path:
        """What the options' audit policy made the API server note."""
        return self._layout.audit_log

    @property
    def controller_manager_log(self) -> Path:
        """What kube-controller-manager wrote, over all its starts."""
        return self.folder / "logs" / f"{components.KUBE_CONTROLLER_MANAGER.name}.log"

    @property
    def prometheus_url(self) -> str:
        """URL of Prometheus."""
        return self._layout.prometheus_url

    @property
    def admin_token(self) -> str:
        """Bearer token of the administrator."""
        return self.token(credentials.ADMIN)

    def token(self, user: str) -> str:
        """Bearer token of a user that the options name."""
        _ = self._layout  # says so where nothing runs yet
        if user not in self._tokens:
            raise SandboxError(f"The sandbox has no user {user}; name it in SandboxOptions.users.")
        return self._tokens[user]

    def service_account_token(self, namespace: str, name: str, *, seconds: int = 3600) -> str:
        """A token of a ServiceAccount from the TokenRequest API, with exactly that account's rights."""
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        answer = self._probe.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", request)
        token: str = answer["status"]["token"]
        return token

    def kubeconfig_for(self, user: str, token: str) -> Path:
        """A further kubeconfig file, readable by its owner alone."""
        text = credentials.kubeconfig(self.server, self.ca_file.read_bytes(), user, token)
        return credentials.write_private(self.folder / f"kubeconfig-{user.replace(':', '-')}", text)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator and return what it prints; it is built when first asked for."""
        program = binaries.ensure([components.KUBECTL], self._hear)[components.KUBECTL.name]
        try:
            done = subprocess.run(
                [program, f"--kubeconfig={self.kubeconfig}", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=_KUBECTL_SECONDS,
                env={"PATH": os.defpath, "HOME": str(self.folder)},
                check=True,
            )
        except subprocess.SubprocessError as error:
            detail = getattr(error, "stderr", None) or error
            raise SandboxError(f"kubectl {' '.join(arguments)} failed: {detail}") from error
        return done.stdout

    def configure_prometheus(self, text: str) -> None:
        """Give Prometheus another configuration while it runs.

        `SandboxError` where it refuses it, or does not run; it goes on with the former one then.
        """
        path = self._layout.prometheus_file
        former = path.read_text()
        credentials.write_private(path, prometheus.configuration(text, self.options.scrape_interval))
        if not probes.answers(f"{self.prometheus_url}/-/reload", method="POST"):
            credentials.write_private(path, former)
            log = self.folder / "logs" / f"{components.PROMETHEUS.name}.log"
            raise SandboxError(f"Prometheus refused its new configuration:\n{logs.tail(log)}")

    @property
    def state(self) -> states.State:
        """What other shells are told."""
        return states.State(
            name=self.name,
            label=self.options.label,
            pid=os.getpid(),
            started_at=self._started_at,
            is_ready=self._is_ready,
            folder=str(self.folder),
            removes_folder=self._removes_folder,
            kubeconfig=str(self.kubeconfig),
            server=self.server,
            prometheus_url=self.prometheus_url,
        )

    # Starting and ending it, whole or in parts.

    def start(self) -> Self:
        """Build what is missing, start everything, and return when pods can be scheduled."""
        programs = binaries.ensure(components.RUNNING, self._hear)
        try:
            self._start(programs)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End every program and remove the folder, unless it is to stay. Harmless when repeated."""
        processes.end_all(reversed(list(self._running.values())), _GRACE_SECONDS)
        self._running.clear()
        self._is_ready = False
        self._exits.close()

    def check(self) -> None:
        """`SandboxError` with the end of its log where a program has ended by itself."""
        for process in self._running.values():
            process.raise_if_ended()

    def stop_part(self, name: str, *, grace: float = _GRACE_SECONDS) -> None:
        """End one program; with a grace of 0 seconds as a crash would."""
        process = self._running.pop(self._part(name).name, None)
        if process is not None:
            processes.end_all([process], grace)

    def start_part(self, name: str) -> None:
        """Start a stopped program on the same port and data, and wait until it is ready."""
        part = self._part(name)
        process = self._running.get(part.name)
        if process is None or process.exit_code is not None:
            self._start_parts([part])

    def restart_part(self, name: str, *, grace: float = _GRACE_SECONDS) -> None:
        """`stop_part` and `start_part`."""
        self.stop_part(name, grace=grace)
        self.start_part(name)

    def __enter__(self) -> Self:
        return self if self._is_ready else self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        try:
            return await asyncio.to_thread(self.__enter__)
        except asyncio.CancelledError:
            self._is_given_up = True  # the thread goes on until it looks at this
            raise

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)

    # How.

    @property
    def _layout(self) -> layouts.Layout:
        if self._started_layout is None:
            raise SandboxError("The sandbox is not running; use it as a context manager or call start().")
        return self._started_layout

    @property
    def _probe(self) -> probes.ApiProbe:
        return probes.ApiProbe(self.server, self.admin_token, self.ca_file)

    @property
    def _removes_folder(self) -> bool:
        return not self.options.keep and self.options.folder is None

    def _start(self, programs: Mapping[str, Path]) -> None:
        self._started_at = time.time()
        record = self._exits.enter_context(states.Record(self.name))
        self._prepare()
        record.write(self.state)
        store, server, workers = parts.in_order(self._layout, programs, self.options, self._probe)
        self._parts = {part.name: part for part in (*store, *server, *workers)}
        self._start_parts(store)
        self._start_parts(server)
        self._furnish()
        self._start_parts(workers)
        self._is_ready = True
        record.write(self.state)

    def _prepare(self) -> None:
        folder = folders.make(self.options.folder, self.name)
        reserved = ports.PortReservations(layouts.PORTS)
        self._exits.callback(reserved.close)
        self._group = self._exits.enter_context(
            processes.ProcessGroup(folder, remove_folder=self._removes_folder)
        )
        layout = self._started_layout = layouts.Layout(folder, reserved)
        self._tokens = credentials.issue(layout, self.options.users)
        if self.options.audit_policy:
            credentials.write_private(layout.audit_policy_file, self.options.audit_policy)
        configuration = prometheus.configuration(self.options.prometheus_config, self.options.scrape_interval)
        credentials.write_private(layout.prometheus_file, configuration)

    def _furnish(self) -> None:
        """What the workers need of the API server: a kubeconfig, which holds its certificate, and nodes."""
        text = credentials.kubeconfig(
            self.server, self.ca_file.read_bytes(), credentials.ADMIN, self.admin_token
        )
        credentials.write_private(self.kubeconfig, text)
        for body in nodes.manifests(self.options):
            self._probe.create(nodes.PATH, body)

    def _start_parts(self, wave: Sequence[parts.Part]) -> None:
        for part in wave:
            self._running[part.name] = self._group.start(part.name, part.command)
        for part in wave:
            self._wait_for(part, [self._running[each.name] for each in wave])

    def _wait_for(self, part: parts.Part, watched: Sequence[processes.Process]) -> None:
        def is_ready() -> bool:
            self._raise_if_given_up()
            return part.is_ready()

        processes.wait_until(is_ready, f"{part.name} was not ready", watched, _READY_SECONDS)

    def _hear(self, report: builds.BuildReport) -> None:
        self._raise_if_given_up()
        self._listener(report)

    def _raise_if_given_up(self) -> None:
        if self._is_given_up:
            raise SandboxError("The start of the sandbox was cancelled.")

    def _part(self, name: str) -> parts.Part:
        if name not in self._parts:
            raise SandboxError(
                f"The sandbox has no part {name}; it has {', '.join(self._parts) or 'not started'}."
            )
        return self._parts[name]
