# SPDX-License-Identifier: Apache-2.0
"""Trains a forest on what preprocess.py has made, and writes it to a file."""

from __future__ import annotations

import argparse
import pickle

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--share", type=float, required=True, help="of the features, at each split")
    args = parser.parse_args()
    data = np.load(args.data)
    forest = ExtraTreesClassifier(
        20, max_depth=args.depth, max_features=args.share, random_state=7, n_jobs=1
    )
    forest.fit(data["x"], data["y"])
    with open(args.model, "wb") as file:
        pickle.dump(forest, file)


if __name__ == "__main__":
    main()
