"""scikit-learn among the peers: methods are lloyd and elkan. See protocol.hpp for what is said on the pipes."""

import sys
import time
import warnings

try:
    import numpy
    import sklearn
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits
except ImportError as missing:
    sys.exit(f"scikit-learn is left out: {missing}")

# It warns about k-means on fewer distinct points than clusters, and about versions of itself.
warnings.filterwarnings("ignore")


def load(path):
    with open(path, "rb") as file:
        n, d, size = numpy.fromfile(file, numpy.int64, 3)
        return numpy.fromfile(file, numpy.float32 if size == 4 else numpy.float64, n * d).reshape(n, d)


def load_start(path, points):
    with open(path, "rb") as file:
        k = numpy.fromfile(file, numpy.int64, 1)[0]
        return numpy.fromfile(file, numpy.float64, k * points.shape[1]).reshape(k, -1).astype(points.dtype)


def timed_fit(points, start, method, iterations, repeats, output):
    wall, cpu = [], []
    work = numpy.empty_like(points)
    for repeat in range(-1 if repeats > 1 else 0, repeats):
        # In place, so that the time of a copy and its noise stay out; fit() leaves the points rounded anew.
        numpy.copyto(work, points)
        model = KMeans(
            len(start), init=start, n_init=1, max_iter=iterations, tol=0, algorithm=method, copy_x=False
        )
        cpu_start = time.process_time()
        wall_start = time.perf_counter()
        model.fit(work)
        wall_end = time.perf_counter()
        cpu_end = time.process_time()
        if repeat >= 0:
            wall.append(wall_end - wall_start)
            cpu.append(cpu_end - cpu_start)
    model.cluster_centers_.astype(numpy.float64).tofile(output)
    return f"ok {numpy.median(wall):.9g} {numpy.median(cpu):.9g} {model.n_iter_}"


def main():
    threads = int(sys.argv[1])
    print("scikit-learn", sklearn.__version__, flush=True)
    points = start = None
    with threadpool_limits(threads):
        for line in sys.stdin:
            command, rest = line.rstrip("\n").split(" ", 1)
            try:
                if command == "load":
                    points = load(rest)
                    reply = "ok"
                elif command == "start":
                    start = load_start(rest, points)
                    reply = "ok"
                else:
                    method, iterations, repeats, output = rest.split(" ", 3)
                    reply = timed_fit(points, start, method, int(iterations), int(repeats), output)
            except Exception as problem:  # whatever it is, the comparison goes on without this run
                reply = f"no {problem}".replace("\n", " ")
            print(reply, flush=True)


main()
