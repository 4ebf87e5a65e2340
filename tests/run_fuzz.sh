#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run_fuzz.sh TARGET CORPUS
# Runs a libFuzzer target for FUZZ_SECONDS (15) on a copy of its committed seeds. A crash, a hang
# (10 s on one input) or more than 1 GB of memory fails; the input that caused it is kept beside the
# target as TARGET.failures/….
set -euo pipefail
target=$1
corpus=$2

if [ -z "$(ls -A "$corpus" 2> /dev/null)" ]; then
  echo "$corpus: no seeds; commit at least one input that the parser accepts" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$corpus/." "$work/"
mkdir -p "$target.failures"
"$target" -max_total_time="${FUZZ_SECONDS:-15}" -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
  -artifact_prefix="$target.failures/" "$work"
