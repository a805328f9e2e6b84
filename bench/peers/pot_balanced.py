"""Exact balanced assignment beside POT's network simplex on the same instance, in one run.

Usage: pot_balanced.py BALANCED_PROGRAM [N [K]]
BALANCED_PROGRAM is the built example `balanced`; Debian's package of POT is python3-pot.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import numpy
    import ot
except ImportError as missing:
    sys.exit(f"POT is left out: {missing}")


def main():
    program = sys.argv[1]
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    k = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    random = numpy.random.default_rng(1)
    points, centers = random.normal(size=(n, 2)), random.normal(size=(k, 2))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        numpy.savetxt(folder / "points.csv", points, delimiter=",", fmt="%.17g")
        numpy.savetxt(folder / "centers.csv", centers, delimiter=",", fmt="%.17g")
        subprocess.run(
            [program, folder / "points.csv", "--centers", folder / "centers.csv", "--assign-only",
             "--json", folder / "result.json"],
            check=True,
        )
        ours = json.loads((folder / "result.json").read_text())

    start = time.perf_counter()
    cost = ot.dist(points, centers)
    sizes = numpy.array(ours["sizes"])
    value = ot.emd2(numpy.full(n, 1 / n), sizes / n, cost, numItermax=10**9) * n
    seconds = time.perf_counter() - start
    print(f"n = {n}, k = {k}: kmscape {ours['seconds']:.4g} s, POT {ot.__version__} {seconds:.4g} s, "
          f"ratio {seconds / ours['seconds']:.4g}; costs differ by {abs(value - ours['cost']) / value:.2g} of the cost")


if __name__ == "__main__":
    main()
