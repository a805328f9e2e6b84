"""Balanced assignments beside POT's on the same instances, in one run, one thread each: the exact one beside the network
simplex, and the regularised one beside Sinkhorn's iteration at no larger marginal error.

Usage: pot_balanced.py BALANCED_PEER [TABLE.md]
BALANCED_PEER is the built bench/peers/balanced_peer; Debian's package of POT is python3-pot. Where the environment sets
KMSCAPE_BENCH_LARGE, n = 100,000 takes part in the exact half: a minute for the network simplex.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import numpy
    import ot
except ImportError as missing:
    sys.exit(f"POT is left out: {missing}")


def instance(n, k):
    random = numpy.random.default_rng(1)
    return random.normal(size=(n, 2)), random.normal(size=(k, 2))


def ours(program, points, centers, *what):
    """Seconds, cost, marginal error and passes; the least time of three runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        points.tofile(folder / "points.bin")
        centers.tofile(folder / "centers.bin")
        command = [program, folder, *points.shape, len(centers), *what]
        runs = [subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout.split()
                for _ in range(3)]
    return min((tuple(float(word) for word in run) for run in runs), key=lambda run: run[0])


def compare_exact(program, n, k):
    points, centers = instance(n, k)
    seconds, cost, _, _ = ours(program, points, centers, "exact")
    sizes = numpy.full(k, n // k)
    sizes[: n % k] += 1
    start = time.perf_counter()
    distances = ot.dist(points, centers)
    value = ot.emd2(numpy.full(n, 1 / n), sizes / n, distances, numItermax=10**9) * n
    theirs = time.perf_counter() - start
    return (f"| exact | {n} | {k} | | network simplex | {seconds:.3g} s | {theirs:.3g} s | {theirs / seconds:.3g} | "
            f"| | {abs(value - cost) / value:.1g} |")


def compare_sinkhorn(program, n, k, share, method, threshold):
    """epsilon is `share` of the mean cost; POT stops at a marginal error of `threshold` (Euclidean), and what it then has
    (in l1) is what kmscape is asked for."""
    points, centers = instance(n, k)
    start = time.perf_counter()
    distances = ot.dist(points, centers)
    dist_seconds = time.perf_counter() - start
    epsilon = share * distances.mean()
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan, log = ot.sinkhorn(numpy.full(n, 1 / n), numpy.full(k, 1 / k), distances, epsilon, method=method,
                                numItermax=100_000, stopThr=threshold, log=True)
    theirs = time.perf_counter() - start + dist_seconds
    error = abs(plan.sum(axis=0) - 1 / k).sum()
    head = f"| regularised | {n} | {k} | {share} | {method} |"
    if not error < 10 * threshold * k**0.5:
        seconds, _, own_error, passes = ours(program, points, centers, "sinkhorn", repr(epsilon), repr(threshold))
        return f"{head} {seconds:.3g} s, {passes:.0f} passes | fails: the kernel underflows | | {own_error:.1e} | | |"
    seconds, cost, own_error, passes = ours(program, points, centers, "sinkhorn", repr(epsilon), repr(float(error)))
    value = (plan * distances).sum()
    return (f"{head} {seconds:.3g} s, {passes:.0f} passes | {theirs:.3g} s, {log['niter'] + 1} iterations | "
            f"{theirs / seconds:.3g} | {own_error:.1e} | {error:.1e} | {abs(value - cost) / value:.1g} |")


def main():
    program = sys.argv[1]
    lines = [f"### Balanced assignments beside POT {ot.__version__}", "",
             "| problem | n | k | epsilon / mean cost | POT's method | kmscape | POT | ratio | marginal error | POT's | "
             "costs differ by |",
             "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|"]
    for line in lines:
        print(line)

    def add(line):
        print(line, flush=True)
        lines.append(line)

    add(compare_exact(program, 20_000, 10))
    if os.environ.get("KMSCAPE_BENCH_LARGE"):
        add(compare_exact(program, 100_000, 10))
    for n, k, share, method in [(100_000, 10, 0.05, "sinkhorn"), (100_000, 10, 0.01, "sinkhorn"),
                                (20_000, 10, 0.01, "sinkhorn_log"), (20_000, 10, 0.002, "sinkhorn"),
                                (20_000, 10, 0.002, "sinkhorn_log"), (20_000, 100, 0.01, "sinkhorn")]:
        add(compare_sinkhorn(program, n, k, share, method, 1e-6))
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
