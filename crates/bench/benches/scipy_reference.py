"""Times SciPy and statsmodels on the paired t-test and Benjamini-Hochberg of `stats.rs`, and prints
the medians beside those that Criterion has just measured.

    python scipy_reference.py CRITERION_FOLDER

Needs the packages of ../../neuron-stats/tests/fixtures/requirements.txt.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

PAIRS, NEURONS, RUNS = 54, 12 * 3072, 30


def ours(criterion, bench):
    """Criterion's median, in milliseconds."""
    estimates = json.loads((criterion / bench / "new/estimates.json").read_text())
    return estimates["median"]["point_estimate"] / 1e6


def milliseconds(job):
    job()  # warm up
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        job()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def job(a, b):
    p = stats.ttest_rel(a, b).pvalue
    return multipletests(p, method="fdr_bh")


criterion = Path(sys.argv[1])
rng = np.random.default_rng(1)
a, b = rng.random((2, PAIRS, NEURONS), dtype=np.float32)
f32 = milliseconds(lambda: job(a, b))
f64 = milliseconds(lambda: job(a.astype(np.float64), b.astype(np.float64)))
paired = ours(criterion, "paired_t_bh")
print(f"SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}, {PAIRS} x {NEURONS}")
print(f"paired t and BH, ours (f32 data, f64 arithmetic)   {paired:8.2f} ms")
print(f"SciPy on f32 data converted to f64, as ours is     {f64:8.2f} ms   ratio {paired / f64:.3f}")
print(f"SciPy in f32 arithmetic, p not below 1e-45         {f32:8.2f} ms   ratio {paired / f32:.3f}")
for scope in ("model", "layer"):
    print(f"10,000 sign flips, max-T over the {scope}            {ours(criterion, 'max_t_10000_flips/' + scope):8.2f} ms")
