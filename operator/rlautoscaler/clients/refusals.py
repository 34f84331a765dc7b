"""From the API server's refusals to our errors: which verb, which resource, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from rlautoscaler.clients.protocols import Resource
from rlautoscaler.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidObjectError,
    NotFoundError,
    UnreachableError,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as its error messages name it."""

    verb: str
    """As in RBAC rules: get, list, watch, create, update, patch, delete."""
    resource: Resource
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    @property
    def kind(self) -> str:
        """As RBAC rules name it: `deployments/scale`."""
        plural = self.resource.plural
        return f"{plural}/{self.subresource}" if self.subresource else plural

    def __str__(self) -> str:
        place = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{self.verb} {self.kind} {place}".rstrip()


_KINDS: Mapping[int, type[ApiError]] = {
    HTTPStatus.BAD_REQUEST: InvalidObjectError,
    HTTPStatus.UNAUTHORIZED: ForbiddenError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.METHOD_NOT_ALLOWED: InvalidObjectError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: GoneError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: InvalidObjectError,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: InvalidObjectError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidObjectError,
}


def refusal(call: Call, status: int, body: bytes | str | Mapping[str, Any]) -> ApiError:
    """The error for an answer that is not a success.

    Args:
        call: what was asked.
        status: HTTP status, or the `code` of a watch's ERROR line.
        body: the answer; a Kubernetes `Status` object where the API server itself wrote it.

    """
    reason, text = told(body)
    kind = _KINDS.get(status, UnreachableError)
    message = (
        f"The API server answered {status} to `{call}`{': ' + text if text else ''}. {_advice(call, status)}"
    )
    return kind(message, status=status, reason=reason)


def silence(call: Call, error: BaseException) -> UnreachableError:
    """The error for a request without any answer."""
    cause = str(error) or type(error).__name__
    return UnreachableError(
        f"No answer from the API server to `{call}`: {cause.rstrip('.')}. "
        "If this goes on, look whether the server is up and reachable from here."
    )


def told(body: bytes | str | Mapping[str, Any]) -> tuple[str, str]:
    """`reason` and `message` of a Status object; the raw text of anything else, shortened."""
    if isinstance(body, Mapping):
        status: Any = body
    else:
        text = body.decode(errors="replace") if isinstance(body, bytes) else body
        try:
            status = json.loads(text)
        except ValueError:
            return "", text.strip()[:200].rstrip(".")
    if not isinstance(status, Mapping):
        return "", str(status)[:200].rstrip(".")
    return str(status.get("reason") or ""), str(status.get("message") or "").rstrip(".")


def _advice(call: Call, status: int) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "The credentials are not accepted: renew the token or the kubeconfig."
        case HTTPStatus.FORBIDDEN:
            group = call.resource.group or '""'
            return f"Grant the operator the verb {call.verb} on {call.kind} of the API group {group}."
        case HTTPStatus.NOT_FOUND:
            return "Either the object does not exist, or the server does not know this kind."
        case HTTPStatus.CONFLICT:
            return "Read it again and repeat the change on the newest version."
        case HTTPStatus.GONE:
            return "That version is no longer kept: list again."
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "The server is overloaded or limits this client: ask less often."
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "It may pass; the server's log has the cause."
        case _:
            return "Correct what was sent."
