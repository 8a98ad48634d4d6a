#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a container image of a few kilobytes of tools: test_image.sh NAME. Nothing is downloaded: it
# is busybox (Debian's busybox-static), given to `podman import`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/bin" "$folder/etc" "$folder/tmp"
chmod 1777 "$folder/tmp"
cp "${BUSYBOX:-/bin/busybox}" "$folder/bin/busybox"
for tool in sh cat echo env false head id kill ls mkdir nproc rm sleep test touch true wc yes; do
  ln -s busybox "$folder/bin/$tool"
done
tar -C "$folder" -cf - . | podman import --quiet - "$1"
