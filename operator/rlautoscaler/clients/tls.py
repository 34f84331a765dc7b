"""Certificates from files that somebody renews in place, as cert-manager does."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rlautoscaler.errors import SettingsError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Which certificates to trust and to show; by default the system's authorities, and none."""

    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    """None where the certificate's file holds the key too."""
    insecure_skip_verify: bool = False

    def context(self) -> ssl.SSLContext:
        """The settings as Python's, built anew when a file has changed. Raises `SettingsError`."""
        try:
            return _context(self, tuple(_changed_at(path) for path in self._files()))
        except OSError as error:  # ssl.SSLError is one
            files = ", ".join(str(path) for path in self._files())
            raise SettingsError(
                f"The certificates for Prometheus cannot be used ({files}): {error}. Correct or renew them."
            ) from error

    def _files(self) -> list[Path]:
        named = (self.ca_file, self.client_certificate, self.client_key)
        return [path for path in named if path is not None]


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns


@lru_cache(maxsize=4)
def _context(files: TlsFiles, versions: tuple[int, ...]) -> ssl.SSLContext:
    """`versions` only tells renewed files apart."""
    context = ssl.create_default_context(cafile=files.ca_file)
    if files.client_certificate is not None:
        context.load_cert_chain(files.client_certificate, files.client_key)
    if files.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
