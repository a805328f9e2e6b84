#!/bin/sh
# Usage: bench/run.sh [--benchmark_filter=REGEX ...]
# Installs what is missing, builds for this machine's processor and runs every benchmark with the given arguments.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/.ci/install-packages" g++ cmake ninja-build libeigen3-dev libbenchmark-dev
"$root/.ci/workflow" bench
for source in "$root"/bench/*.cpp; do
  name=$(basename "$source" .cpp)
  echo "== $name"
  "$root/build/bench/bench/$name" "$@"
done
