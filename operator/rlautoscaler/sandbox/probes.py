"""The few HTTP calls that starting a sandbox needs; all others go through the operator's own client."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlautoscaler.errors import SandboxError

_ANSWER_SECONDS = 5.0
# The user's HTTP_PROXY has no business with loopback.
_NO_PROXY = urllib.request.ProxyHandler({})


def answers(url: str, *, method: str = "GET") -> bool:
    """Whether an address on loopback says 2xx; its certificate does not matter for that."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(_NO_PROXY, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=_ANSWER_SECONDS):
            return True
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class ApiProbe:
    """The API server, as its administrator."""

    server: str
    token: str
    ca_file: Path

    def is_ready(self) -> bool:
        """Whether `/readyz` says so; the certificate may not be written yet."""
        try:
            self._request("GET", "/readyz")
        except (OSError, ValueError):
            return False
        return True

    def get(self, path: str) -> dict[str, Any] | None:
        """An object; None where there is none or no answer yet."""
        try:
            return self._json("GET", path)
        except (OSError, ValueError):
            return None

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object; `SandboxError` where that is refused."""
        try:
            return self._json("POST", path, body)
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read().decode(errors="replace")
            raise SandboxError(f"The sandbox's API server refused {path}: {detail}") from error
        except OSError as error:
            raise SandboxError(f"The sandbox's API server does not answer: {error}.") from error

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._request(method, path, body))
        return answer

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = urllib.request.build_opener(_NO_PROXY, urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(
            self.server + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
            content: bytes = answer.read()
        return content
