# SPDX-License-Identifier: Apache-2.0
"""The collector of event files beside the tensorboard package, over the same file. Prints one JSON object.

    event_files.py PARSE_LOG FOLDER

Needs the packages tensorboard and tensorboardX (tools/setup.sh --bench).
"""

import json
import pathlib
import random
import subprocess
import sys
import time

from tensorboard.backend.event_processing import event_file_loader
from tensorboardX import SummaryWriter

EVENTS = 100_000
RUNS = 3


def write_file(folder: pathlib.Path) -> pathlib.Path:
    """Two curves as PyTorch and tensorboardX write them."""
    rng = random.Random(1)
    writer = SummaryWriter(str(folder), max_queue=10_000)
    for step in range(EVENTS // 2):
        writer.add_scalar("loss", rng.random(), step, walltime=1_700_000_000 + step)
        writer.add_scalar("validation/accuracy", rng.random(), step, walltime=1_700_000_000 + step)
    writer.close()
    return next(folder.glob("events.out.tfevents.*"))


def count_tensorboard(file: pathlib.Path, loader: type) -> int:
    return sum(len(event.summary.value) for event in loader(str(file)).Load())


def main() -> None:
    parse_log, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    file = write_file(folder)
    megabytes = file.stat().st_size / 1e6

    def best(run) -> float:
        """MB a second of the fastest of some runs, which all must see every value."""
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            seconds, count = run()
            times.append(seconds or time.perf_counter() - start)
            assert count == EVENTS, count
        return megabytes / min(times)

    def hone() -> tuple[float, int]:
        command = [parse_log, "TFEVENT", str(file), "loss", "validation/accuracy"]
        line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return line["seconds"], line["records"]

    ours = best(hone)
    raw = best(lambda: (0.0, count_tensorboard(file, event_file_loader.LegacyEventFileLoader)))
    full = best(lambda: (0.0, count_tensorboard(file, event_file_loader.EventFileLoader)))
    print(json.dumps({
        "benchmark": "event_files",
        "megabytes": round(megabytes, 2),
        "hone_mb_s": round(ours, 1),
        "tensorboard_mb_s": round(raw, 2),
        "tensorboard_migrated_mb_s": round(full, 2),
        "ratio": round(ours / raw, 1),
        "ratio_migrated": round(ours / full, 1),
    }))


if __name__ == "__main__":
    main()
