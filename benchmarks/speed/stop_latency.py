# SPDX-License-Identifier: Apache-2.0
"""From a printed metric to the stop signal: how long, with 100 running trials.

    stop_latency.py HONE FOLDER [TRIALS] [ROUNDS]

Each trial prints four values that get worse, a second apart and at times spread over it, and the rule `plateau`
(patience 2, judged from the fourth report on) has it stopped for the last. A trial notes the time before it prints
that line and, by its trap, when TERM comes; it sleeps by `read` with a limit of time, which a trap interrupts at
once. In each round all trials run at once and all are stopped. Prints one JSON object: milliseconds at p50, p99
and at most.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import one_parameter

RULE = {
    "algorithmName": "plateau",
    "algorithmSettings": [{"name": "patience", "value": "2"}, {"name": "start_step", "value": "4"}],
}

# A pipe of its own that nobody writes into: `read -t` on it is a sleep without a process.
TRIAL = """
round=$1
exec {pause}<> <(:)
nap() { read -r -t "$1" -u "$pause" _; }
trap 'now=$EPOCHREALTIME; echo "$printed $now" >"stopped-$round-$HONE_TRIAL_NAME"; exit 143' TERM
: >"ready-$1-$HONE_TRIAL_NAME"
until [ -e "go-$1" ]; do nap 0.1; done
nap "0.$((RANDOM % 10))$((RANDOM % 10))$((RANDOM % 10))"
for loss in 1 2 3; do
  echo "loss=$loss"
  nap 1
done
printed=$EPOCHREALTIME
echo loss=4
nap 60
"""

DEADLINE = 60.0


def files_of(folder: pathlib.Path, start: str) -> list[pathlib.Path]:
    return list(folder.glob(f"{start}-*"))


def wait_for(folder: pathlib.Path, start: str, count: int, engine: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + DEADLINE
    while len(files_of(folder, start)) < count:
        if time.monotonic() > until or engine.poll() not in (None, 0):
            found = len(files_of(folder, start))
            raise SystemExit(f"stop_latency: {found} of {count} trials are {start}; see {folder}/engine.log")
        time.sleep(0.1)


def run_round(hone: str, folder: pathlib.Path, trials: int, number: int) -> list[float]:
    """The delays of one round, in seconds."""
    trial = one_parameter.job(one_parameter.container(["bash", "trial.sh"], str(number), one_parameter.X))
    one_parameter.write(folder / f"stop-{number}.yaml", trial, trials=trials, parallel=trials, earlyStopping=RULE)
    command = [hone, "run", f"stop-{number}.yaml", "--data-dir", "data", "--cpus", str(trials)]
    with (
        (folder / "engine.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log) as engine,
    ):
        wait_for(folder, f"ready-{number}", trials, engine)
        (folder / f"go-{number}").touch()
        try:
            wait_for(folder, f"stopped-{number}", trials, engine)
            engine.wait(DEADLINE)
        finally:
            engine.terminate()
    delays = []
    for file in files_of(folder, f"stopped-{number}"):
        printed, stopped = file.read_text().split()
        delays.append(float(stopped) - float(printed))
    return delays


def main() -> None:
    hone, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    trials = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    (folder / "trial.sh").write_text(TRIAL)
    load = os.getloadavg()[0]
    delays = sorted(delay for number in range(rounds) for delay in run_round(hone, folder, trials, number))
    milliseconds = [round(delay * 1e3, 1) for delay in delays]
    print(json.dumps({
        "benchmark": "stop_latency",
        "trials": trials,
        "stops": len(delays),
        "p50_ms": milliseconds[len(delays) // 2],
        "p99_ms": milliseconds[len(delays) * 99 // 100],
        "most_ms": milliseconds[-1],
        "load_before": round(load, 1),
    }))


if __name__ == "__main__":
    main()
