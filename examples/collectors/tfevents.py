#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes TensorFlow event files with the standard library alone: what TensorBoard shows, and hone reads.

Run as a program it trains as examples/tiny/train.py does and writes the metrics of each epoch:

    tfevents.py FOLDER --lr 0.1 --batch 16
"""

import struct
import subprocess
import sys
import time
from pathlib import Path

POLYNOMIAL = 0x82F63B78  # of CRC-32C, reflected


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    """The checksum as TFRecord stores it: rotated, and moved by a constant."""
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number: int, data: bytes) -> bytes:
    """A member of a protobuf message that has a length."""
    return varint(number << 3 | 2) + varint(len(data)) + data


class EventFile:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"events.out.tfevents.{int(time.time())}.example").open("ab")
        self._write(field(3, b"brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        entry = field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)  # simple_value
        self._write(b"\x10" + varint(step) + field(5, field(1, entry)))

    def _write(self, event: bytes) -> None:
        event = b"\x09" + struct.pack("<d", time.time()) + event  # wall_time
        length = struct.pack("<Q", len(event))
        self._file.write(length + masked(length) + event + masked(event))
        self._file.flush()


def main() -> None:
    writer = EventFile(Path(sys.argv[1]) / "validation")
    train = Path(__file__).parents[1] / "tiny/train.py"
    command = [sys.executable, str(train), *sys.argv[2:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
        for line in training.stdout or []:
            words = dict(word.split("=") for word in line.split())
            writer.scalar("epoch_accuracy", float(words["accuracy"]), int(words["epoch"]))
            writer.scalar("epoch_loss", float(words["loss"]), int(words["epoch"]))
    sys.exit(training.returncode)


if __name__ == "__main__":
    main()
