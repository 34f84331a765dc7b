"""Who may talk to the sandbox's API server: tokens, kubeconfigs, the key for ServiceAccounts."""

from __future__ import annotations

import base64
import os
import secrets
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from rlautoscaler.sandbox.layouts import Layout

ADMIN = "admin"
ADMIN_GROUPS = ("system:masters",)

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# RFC 5915, ECPrivateKey: version 1, the scalar, the curve prime256v1; the optional public key is left out.
_KEY_HEAD = bytes.fromhex("30310201010420")
_KEY_TAIL = bytes.fromhex("a00a06082a8648ce3d030107")


def issue(layout: Layout, users: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """New tokens of the users and the admin, written with a signing key where kube-apiserver reads them."""
    groups = {**users, ADMIN: ADMIN_GROUPS}
    tokens = {user: secrets.token_urlsafe(24) for user in groups}
    write_private(layout.token_file, token_file(tokens, groups))
    write_private(layout.signing_key_file, signing_key())
    return tokens


def signing_key() -> str:
    """A new P-256 private key as PEM; kube-apiserver both signs and checks ServiceAccounts' tokens with it.

    Any number below the curve's order is a key, so making one needs neither openssl nor a cryptographic
    library; Go derives the public half when it reads the file.
    """
    scalar = secrets.randbelow(_P256_ORDER - 1) + 1
    document = base64.b64encode(_KEY_HEAD + scalar.to_bytes(32, "big") + _KEY_TAIL).decode()
    body = "\n".join(textwrap.wrap(document, 64))
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n"


def token_file(tokens: Mapping[str, str], groups: Mapping[str, Iterable[str]]) -> str:
    """What `--token-auth-file` reads: a line of token, user, uid and groups for each user."""
    return "".join(
        f'{token},{user},{user},"{",".join(groups.get(user, ()))}"\n' for user, token in tokens.items()
    )


def kubeconfig(server: str, ca: bytes, user: str, token: str) -> str:
    """A kubeconfig that stands by itself, the certificate inside."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "sandbox",
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(ca).decode(),
                },
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {"name": "sandbox", "context": {"cluster": "sandbox", "user": user, "namespace": "default"}}
        ],
        "current-context": "sandbox",
    }
    return yaml.safe_dump(document, sort_keys=False)


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
