# SPDX-License-Identifier: Apache-2.0
"""Prints how well a model of train.py does on images that it has not seen."""

from __future__ import annotations

import argparse
import pickle

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    args = parser.parse_args()
    data = np.load(args.data)
    with open(args.model, "rb") as file:
        model = pickle.load(file)
    print(f"accuracy={model.score(data['x'], data['y']):.4f}")


if __name__ == "__main__":
    main()
