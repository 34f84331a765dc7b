"""Ports on loopback that stay ours while a sandbox lives, also while a program restarts on its port."""

from __future__ import annotations

import socket
from collections.abc import Iterable

LOOPBACK = "127.0.0.1"


class PortReservations:
    """Free ports by name.

    Each is held by a socket that is bound but never listens. With SO_REUSEADDR on both sides the program may
    bind and listen beside it, while the kernel gives the port to nobody who asks for any free one, be it a
    second sandbox or an outgoing connection.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._sockets = {name: _reserve() for name in names}

    def __getitem__(self, name: str) -> int:
        port: int = self._sockets[name].getsockname()[1]
        return port

    def close(self) -> None:
        """Give the ports back."""
        for held in self._sockets.values():
            held.close()


def _reserve() -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Bound before SO_REUSEADDR is set, so that the kernel chooses a port that nobody else reserves.
        held.bind((LOOPBACK, 0))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        held.close()
        raise
    return held
