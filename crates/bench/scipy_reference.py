"""The yardstick's statistics by SciPy and statsmodels, on the same amount of data.

Prints the median milliseconds of a case and the peak memory of the process in MiB, or "nan nan" if SciPy
has no equivalent.

    python scipy_reference.py CASE

Needs the packages of ../neuron-stats/tests/fixtures/requirements.txt.
"""

import resource
import statistics
import sys
import time

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

PAIRS, NEURONS, RUNS = 54, 12 * 3072, 30


def paired_f32(a, b):
    return multipletests(stats.ttest_rel(a, b).pvalue, method="fdr_bh")


def paired(a, b):
    """On data converted to f64, as ours is."""
    return paired_f32(a.astype(np.float64), b.astype(np.float64))


def welch(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return multipletests(stats.ttest_ind(a, b, equal_var=False).pvalue, method="fdr_bh")


CASES = {"paired": paired, "paired-f32": paired_f32, "welch": welch}


def median_milliseconds(case):
    rng = np.random.default_rng(1)
    a, b = rng.random((2, PAIRS, NEURONS), dtype=np.float32)
    case(a, b)  # warm up
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        case(a, b)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


if __name__ == "__main__":
    case = CASES.get(sys.argv[1])
    if case is None:
        print("nan nan")
    else:
        milliseconds = median_milliseconds(case)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(milliseconds, peak)
