#!/bin/sh
# Usage: examples/reproduce.sh
# Installs what is missing, then computes the example surveys and every figure and gathers them on one page.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/.ci/install-packages" g++ cmake ninja-build libeigen3-dev gnuplot-nox
"$root/.ci/workflow" reproduce
echo "kmscape: open $root/build/reproduce/figures/index.html"
