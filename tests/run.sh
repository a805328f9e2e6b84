#!/bin/sh
# Usage: tests/run.sh [--quick]
# Installs what is missing, then builds and tests with g++, and with clang++ and sanitizers; --quick: with g++ only.
set -eu
ci=$(cd "$(dirname "$0")/../.ci" && pwd)

case "${1:-}" in
  --quick)
    workflows="test"
    compilers="g++"
    ;;
  "")
    workflows="test test-clang"
    compilers="g++ clang libclang-rt-dev"
    ;;
  *)
    echo "usage: tests/run.sh [--quick]" >&2
    exit 2
    ;;
esac

# shellcheck disable=SC2086  # a list of words
"$ci/install-packages" $compilers cmake ninja-build libeigen3-dev catch2 libbenchmark-dev gnuplot-nox
for workflow in $workflows; do
  echo "== $workflow"
  "$ci/workflow" "$workflow"
done
echo "== all passed: $workflows"
