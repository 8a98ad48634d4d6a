# SPDX-License-Identifier: Apache-2.0
"""Servers of a benchmark's own, on this machine, that end with it."""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import signal
import subprocess
import sys
import time


@contextlib.contextmanager
def postgres(folder: pathlib.Path):
    """A PostgreSQL with fsync on, as its defaults are, on a socket in the folder, with a second database `peer`.

    Yields the URL of the first.
    """
    programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    place = folder / "postgres"
    place.mkdir()
    run_as = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(place, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        run_as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    init = [programs / "initdb", "-A", "trust", "-U", "hone", "-E", "UTF8", "--locale=C", "-D", place / "data"]
    subprocess.run([*run_as, *init], check=True, **quiet)
    options = ["-c", "listen_addresses=", "-c", "max_connections=200"]
    server = subprocess.Popen([*run_as, programs / "postgres", "-D", place / "data", "-k", place, *options], **quiet)
    try:
        ready = [programs / "pg_isready", "-q", "-h", place]
        while subprocess.run(ready, check=False).returncode != 0:
            if server.poll() is not None:
                sys.exit(f"PostgreSQL does not start; may its user read {place}?")
            time.sleep(0.05)
        subprocess.run([programs / "createdb", "-h", place, "-U", "hone", "peer"], check=True)
        yield f"postgresql://hone@/postgres?host={place}"
    finally:
        server.send_signal(signal.SIGINT)  # without waiting for who is connected
        server.wait()


@contextlib.contextmanager
def hone(command: list[str], folder: pathlib.Path, listen: str = "127.0.0.1:0"):
    """A service of hone, on a port of its own if not said otherwise. Yields its address and its pid."""
    with open(folder / f"{command[1]}.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([*command, "--listen", listen], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = server.stdout.readline()
            assert line.startswith("listening on "), line
            yield line.split()[-1], server.pid
        finally:
            server.terminate()
            server.wait()


def processor_ms(pid: int) -> float:
    """What all threads of a process have had of the processors."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text(encoding="utf-8").split()[0])
    return total / 1e6


def measure(*command: str) -> dict:
    """What a client prints: one line of JSON."""
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{command}: {run.stderr}")
    return json.loads(run.stdout)
