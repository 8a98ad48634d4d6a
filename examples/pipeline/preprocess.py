# SPDX-License-Identifier: Apache-2.0
"""Makes the data set of the pipeline from scikit-learn's handwritten digits.

Each training image is turned and moved a little, many times over; then all images are described by their 64 pixels
and by local histograms of gradient directions. The test images are left as they are. Equal arguments give equal files.
"""

from __future__ import annotations

import argparse
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded

import numpy as np  # noqa: E402
from scipy import ndimage  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

SEED = 7


def histograms(image: np.ndarray) -> np.ndarray:
    """Eight directions of the gradient in each quarter of the image, by their strength."""
    down, right = np.gradient(image)
    strength = np.hypot(down, right)
    direction = ((np.arctan2(down, right) + np.pi) / (2 * np.pi) * 8).astype(int) % 8
    quarters = [(slice(r, r + 4), slice(c, c + 4)) for r in (0, 4) for c in (0, 4)]
    return np.concatenate(
        [np.bincount(direction[q].ravel(), strength[q].ravel(), minlength=8) for q in quarters]
    )


def features(images: np.ndarray) -> np.ndarray:
    return np.array([np.concatenate([image.ravel(), histograms(image)]) for image in images])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, required=True, help="of each training image")
    parser.add_argument("--train", required=True, help="file of the training data")
    parser.add_argument("--test", required=True, help="file of the test data")
    args = parser.parse_args()
    digits = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(
        digits.images / 16.0, digits.target, test_size=0.3, random_state=SEED, stratify=digits.target
    )
    random = np.random.default_rng(SEED)
    images, labels = list(x_train), list(y_train)
    for _ in range(args.copies):
        for image, label in zip(x_train, y_train, strict=True):
            turned = ndimage.rotate(image, random.uniform(-12, 12), reshape=False, order=1)
            images.append(ndimage.shift(turned, random.uniform(-0.8, 0.8, 2), order=1))
            labels.append(label)
    np.savez(args.train, x=features(np.array(images)).astype("float32"), y=np.array(labels))
    np.savez(args.test, x=features(x_test).astype("float32"), y=y_test)
    print(f"{len(images)} images to train with, {len(x_test)} to test with")


if __name__ == "__main__":
    main()
