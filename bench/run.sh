#!/bin/sh
# Usage: bench/run.sh [PART...] [FLAG...]
# Installs what is missing, builds for this machine's processor, runs the parts given, or all, and gathers their tables
# with a description of the machine in build/bench/speed.md. Parts:
#
#   limits lloyd_iteration fit seeding small_fits survey ...   Google Benchmark programs, bench/*.cpp; `iteration` too
#   rows grid scaling fits threads                             beside the peers that are installed, bench/peers
#   peers                                                      these five
#   pot                                                        balanced assignments beside POT's
#   compile_time                                               what including a header costs
#
# Flags of Google Benchmark go to the programs that are its; --budget=SECONDS (for each contender and problem) and
# --clock=cpu (for a busy machine, one thread) to the comparison with peers.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
output=$root/build/bench
tables=$output/tables
programs=$(for source in "$root"/bench/*.cpp; do basename "$source" .cpp; done)
peers="rows grid scaling fits threads"

parts=
flags=
peer_flags=
for argument in "$@"; do
  case $argument in
    --budget=* | --clock=*) peer_flags="$peer_flags $argument" ;;
    --*) flags="$flags $argument" ;;
    iteration) parts="$parts lloyd_iteration" ;;
    peers) parts="$parts $peers" ;;
    *)
      # shellcheck disable=SC2086  # lists of words
      case " $(echo $programs $peers pot compile_time) " in
        *" $argument "*) parts="$parts $argument" ;;
        *)
          echo "bench/run.sh: there is no part '$argument'; there are:" $programs $peers peers pot iteration compile_time >&2
          exit 2
          ;;
      esac
      ;;
  esac
done
[ -n "$parts" ] || parts="$programs $peers pot compile_time"

"$root/.ci/install-packages" g++ cmake ninja-build libeigen3-dev libbenchmark-dev gnuplot-nox python3-sklearn python3-pot \
  libfaiss-dev libopenblas-dev libopencv-core-dev libdlib-dev
"$root/.ci/workflow" bench
mkdir -p "$tables"

compared=
for part in $parts; do
  echo "== $part"
  case " $peers " in
    *" $part "*)
      # shellcheck disable=SC2086  # a list of words
      "$output/bench/peers/compare" "$output/bench/peers" "$tables" $peer_flags "$part"
      compared=yes
      continue
      ;;
  esac
  if [ "$part" = pot ]; then
    /usr/bin/python3 "$root/bench/peers/pot_balanced.py" "$output/bench/peers/balanced_peer" "$tables/pot.md" ||
      echo "== pot is left out"
  elif [ "$part" = compile_time ]; then
    "$root/bench/compile_time.sh" "$tables/compile_time.md"
  else
    # shellcheck disable=SC2086  # a list of words
    "$output/bench/$part" --markdown="$tables/$part.md" $flags
  fi
done
case $parts in
  *scaling*)
    if command -v gnuplot >/dev/null 2>&1; then
      gnuplot -e "data = '$tables/scaling.dat'; picture = '$output/scaling.png'" "$root/bench/peers/scaling.gp"
      echo "== the picture is in $output/scaling.png"
    else
      echo "== no picture without gnuplot; its data is in $tables/scaling.dat"
    fi
    ;;
esac

version() { dpkg-query -W -f='${Version}' "$1" 2>/dev/null || echo unknown; }
{
  echo "## Speed, $(date +%Y-%m-%d)"
  echo
  lscpu | sed -n 's/^Model name: *//p' | tr '\n' ','
  echo " $(getconf _NPROCESSORS_ONLN) cores, $(lscpu | grep -oE 'avx512f|avx2' | sort | tail -n 1 || true);" \
    "$(uname -sr); $(g++ --version | head -n 1), -O3 -march=native; Eigen $(version libeigen3-dev)."
  [ -z "$compared" ] || echo "Peers from their packages: scikit-learn $(version python3-sklearn), FAISS $(version libfaiss-dev)," \
    "OpenCV $(version libopencv-core-dev), dlib $(version libdlib-dev) (compiled as kmscape is), OpenBLAS" \
    "$(version libopenblas-dev)."
  echo
  for part in $parts; do
    [ ! -f "$tables/$part.md" ] || cat "$tables/$part.md"
  done
} >"$output/speed.md"
echo "== the tables are in $output/speed.md"
