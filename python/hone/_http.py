# SPDX-License-Identifier: Apache-2.0
"""The wire: JSON over HTTP, on TCP or on a Unix socket, with the standard library alone."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import socket
import threading
import time
import urllib.parse
from typing import Any, Callable

from hone._errors import AlreadyExists, EngineError, InvalidArgument, Unavailable, error_of

Json = dict[str, Any]
_ANSWER_SECONDS = 75.0  # an Ask may wait for 60
_LONGEST_PAUSE = 1.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Transport:
    """Calls of one server, over a connection for each thread and process."""

    def __init__(
        self,
        address: str,
        patience: float,
        revive: Callable[[], None] | None = None,
        token: str | None = None,
    ):
        """Connects at the first call.

        Args:
            address: ``http://HOST:PORT``, ``https://HOST:PORT`` or ``unix:/PATH``.
            patience: Seconds for which a call that may be repeated is repeated.
            revive: Called before a repetition; starts what may have ended.
            token: Shown to the server; none: HONE_TOKEN, if that is set.

        Raises:
            InvalidArgument: The address or the token is none.
        """
        self.address = address
        self._patience = patience
        self._revive = revive
        self._local = threading.local()
        shown = token if token is not None else os.environ.get("HONE_TOKEN", "")
        if not shown.isascii() or not shown.isprintable() or " " in shown:
            raise InvalidArgument("token: is not what `hone token create` printed")
        self._headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        if address.startswith("unix:"):
            return
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidArgument(
                f"server: must be http://HOST:PORT, https://HOST:PORT or unix:/PATH of "
                f"`hone serve --http`, not {address!r}"
            )

    def call(self, method: str, path: str, body: object = None, *, again: bool = True) -> Json:
        """One call; with ``again``, repeated while the server cannot be reached.

        Raises:
            HoneError: What the server refused, or ``Unavailable``.
        """
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        until = time.monotonic() + self._patience
        pause = 0.02
        while True:
            try:
                return self._once(method, path, text)
            except Unavailable:
                if not again or time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            if self._revive is not None:
                self._revive()

    def reachable(self) -> bool:
        """Whether the server takes calls now."""
        try:
            self._once("GET", "/healthz", None)
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """Ends the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None and getattr(self._local, "pid", 0) == os.getpid():
            connection.close()
        self._local.connection = None

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid() or _is_stale(connection):
            connection = self._connect()
            self._local.connection = connection
            self._local.pid = os.getpid()
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        if self.address.startswith("unix:"):
            return _UnixConnection(self.address[len("unix:") :], _ANSWER_SECONDS)
        parts = urllib.parse.urlsplit(self.address)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        return kind(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)

    def _once(self, method: str, path: str, text: str | None) -> Json:
        connection = self._connection()
        try:
            data = None if text is None else text.encode()
            connection.request(method, path, data, self._headers)
            response = connection.getresponse()
            answer = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(f"{self.address} cannot be reached: {error!r}") from error
        except BaseException:
            self.close()  # an answer may still be under way on it
            raise
        if response.status != 200:
            raise _refusal(response.status, answer)
        if not answer.startswith("{"):
            return {"text": answer}
        decoded: Json = json.loads(answer)
        return decoded


def _is_stale(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed it, as it does after 90 idle seconds."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    if not poll.poll(0):
        return False
    connection.close()
    return True


def _refusal(status: int, answer: str) -> Exception:
    message, code = answer.strip(), ""
    with contextlib.suppress(ValueError, AttributeError):
        decoded = json.loads(answer)
        message, code = str(decoded.get("message", message)), str(decoded.get("code", ""))
    if code == "already exists":
        return AlreadyExists(message)
    if not message:
        return EngineError(f"the server answered with {status}")
    return error_of(status, message)


def quoted(name: str) -> str:
    """A name as a part of a path."""
    return urllib.parse.quote(name, safe="")
