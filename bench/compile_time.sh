#!/usr/bin/env bash
# Usage: bench/compile_time.sh [FILE]
# What an include costs: seconds of processor time that $CXX -O2 takes for a file that includes one header beyond a file
# that includes what the library uses of Eigen, in the median of five turns. FILE receives the table as Markdown.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
compiler=${CXX:-g++}
eigen=${EIGEN_INCLUDE:-/usr/include/eigen3}
turns=${TURNS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

seconds() { # seconds SOURCE: of one compilation
  local TIMEFORMAT='%U %S'
  { time "$compiler" -std=c++20 -O2 -I "$root/include" -isystem "$eigen" -c "$1" -o "$work/out.o"; } 2>&1 |
    awk '{ print $1 + $2 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }

grep -rhoE '#include <Eigen/[A-Za-z]+>' "$root/include" | sort -u >"$work/eigen.cpp"
echo '#include <Eigen/Dense>' >"$work/dense.cpp"
echo 'int main() {}' >"$work/empty.cpp"

# A fit, at its smallest: what a program that uses the library compiles beside the headers.
cat >"$work/fit.cpp" <<'SOURCE'
#include <kmscape/solve/lloyd.hpp>
double fit(const Eigen::MatrixXd& points, const Eigen::MatrixXd& start) {
  return kmscape::lloyd(kmscape::EmpiricalObjective(points), start).value;
}
SOURCE
sed 's/Eigen::MatrixXd/Eigen::Matrix2Xd/g' "$work/fit.cpp" >"$work/fit2.cpp"

report() { # report NAME SOURCE TURNS
  : >"$work/own"
  : >"$work/beyond"
  for _ in $(seq "$3"); do
    base=$(seconds "$work/eigen.cpp")
    own=$(seconds "$2")
    echo "$own" >>"$work/own"
    echo "$own $base" | awk '{ print $1 - $2 }' >>"$work/beyond"
  done
  echo "| $1 | $(median <"$work/own") | $(median <"$work/beyond") |" | tee -a "$work/table"
}

{
  echo "### Compile time, $("$compiler" --version | head -n 1), -O2"
  echo
  echo "| file | seconds | beyond Eigen |"
  echo "|---|---:|---:|"
} | tee "$work/table"
report "nothing" "$work/empty.cpp" "$turns"
report "\`$(sed 's/#include //' "$work/eigen.cpp" | paste -sd ' ')\`" "$work/eigen.cpp" "$turns"
report "\`<Eigen/Dense>\`" "$work/dense.cpp" "$turns"
echo '#include <kmscape/kmscape.hpp>' >"$work/header.cpp"
report "**\`<kmscape/kmscape.hpp>\`**" "$work/header.cpp" "$turns"
report "one \`lloyd\` call, \`Matrix2Xd\`" "$work/fit2.cpp" "$turns"
report "one \`lloyd\` call, \`MatrixXd\`" "$work/fit.cpp" "$turns"
for header in "$root"/include/kmscape/*/*.hpp; do
  name=${header#"$root/include/"}
  echo "#include <$name>" >"$work/header.cpp"
  report "\`$name\`" "$work/header.cpp" 1
done
echo >>"$work/table"
[ $# -eq 0 ] || cp "$work/table" "$1"
