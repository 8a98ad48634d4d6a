# SPDX-License-Identifier: Apache-2.0
"""The embedded engine: `hone serve` as a child of this process, on a private socket.

One engine holds a data folder. Its sockets have a name that follows from the folder, so that each
process of the same user finds the one that is there, and when it ends with the process that
started it, the next call of another process starts a new one; leases and results outlive that.
The engine ends when the pipe to it closes: by `release`, or with this process, however it ends.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from hone._errors import EngineError
from hone._http import Transport

_START_SECONDS = 60.0
_HELD_SECONDS = 10.0  # for an engine that another process starts or ends right now
_END_SECONDS = 15.0
_LOOK_SECONDS = 0.01
_PATIENCE_SECONDS = 60.0


def program() -> str:
    """The `hone` program: HONE_PROGRAM, else the first on the PATH.

    Raises:
        EngineError: There is none.
    """
    given = os.environ.get("HONE_PROGRAM", "")
    found = shutil.which(given or "hone")
    if found is None:
        raise EngineError(
            f"HONE_PROGRAM is {given!r}, which is no program"
            if given
            else "there is no program `hone` on the PATH: install it, name it in HONE_PROGRAM, or "
            "give server= to use a daemon"
        )
    return found


def default_data_dir() -> Path:
    """The folder that `hone` uses without --data-dir."""
    if os.environ.get("HONE_DATA_DIR"):
        return Path(os.environ["HONE_DATA_DIR"])
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "hone"


def _socket_folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"hone-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    there = folder.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid() or there.st_mode & 0o077:
        raise EngineError(f"{folder} must be a folder for its owner alone (mode 700), and is not")
    return folder


class EmbeddedEngine:
    """The engine of a data folder, for the studies of this process that use it."""

    _shared: dict[Path, EmbeddedEngine] = {}  # noqa: RUF012
    _shared_lock = threading.Lock()

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.users = 0
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        folder = _socket_folder()
        self._http = folder / f"{name}.http"
        self._grpc = folder / f"{name}.grpc"
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._closed = False
        self.transport = Transport(f"unix:{self._http}", _PATIENCE_SECONDS, self.ensure)

    @classmethod
    def use(cls, data_dir: str | None) -> EmbeddedEngine:
        """The engine of a folder, running. To be given back by `release`."""
        path = Path(data_dir) if data_dir is not None else default_data_dir()
        path.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
        with cls._shared_lock:
            engine = cls._shared.get(path)
            if engine is None or engine._owner != os.getpid():
                engine = cls._shared[path] = cls(path)
            engine.users += 1
        try:
            engine.ensure()
        except BaseException:
            engine.release()
            raise
        return engine

    def release(self) -> None:
        """Gives it back; the last user of this process ends what this process started."""
        with self._shared_lock:
            self.users -= 1
            if self.users > 0 or self._owner != os.getpid():
                return
            self._shared.pop(self.data_dir, None)
            self._closed = True
        self._end()

    def ensure(self) -> None:
        """Waits until an engine takes calls, starting one if there is none.

        Raises:
            EngineError: It cannot be started, or something else holds the folder.
        """
        with self._lock:
            held_until = time.monotonic() + _HELD_SECONDS
            while not self.transport.reachable():
                if self._closed:
                    raise EngineError("the study is closed")
                self._start(held_until)

    def _start(self, held_until: float) -> None:
        until = time.monotonic() + _START_SECONDS
        with tempfile.TemporaryFile() as log:
            child = subprocess.Popen(
                [
                    program(),
                    "serve",
                    "--until-input-closes",
                    *("--data-dir", str(self.data_dir)),
                    *("--listen", f"unix:{self._grpc}"),
                    *("--http", f"unix:{self._http}"),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process
            )
            while child.poll() is None:
                if self.transport.reachable():
                    self._child = child
                    return
                if time.monotonic() > until:
                    _kill(child)
                    raise EngineError(f"`hone serve` does not answer: {_text(log)}")
                time.sleep(_LOOK_SECONDS)
            _kill(child)
            said = _text(log)
        # Another process may have been quicker, or ends right now.
        if "holds" not in said or time.monotonic() > held_until:
            raise EngineError(f"`hone serve` ended with {child.returncode}: {said}")
        time.sleep(10 * _LOOK_SECONDS)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(child)

    @classmethod
    def end_all(cls) -> None:
        """Ends the engines that this process started."""
        for engine in list(cls._shared.values()):
            engine._closed = True
            engine._end()


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    child.kill()
    child.wait()


def _text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode("utf-8", "replace").strip()


atexit.register(EmbeddedEngine.end_all)
