"""Times SciPy and statsmodels on the paired t-test and BH of `stats.rs`; prints JSON.

Needs the packages of ../../neuron-stats/tests/fixtures/requirements.txt.
"""

import json
import statistics
import time

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

PAIRS, NEURONS, RUNS = 54, 12 * 3072, 30


def milliseconds(job):
    job()  # warm up
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        job()
        times.append(1e3 * (time.perf_counter() - start))
    return {"median_ms": statistics.median(times), "min_ms": min(times)}


def job(a, b):
    p = stats.ttest_rel(a, b).pvalue
    return multipletests(p, method="fdr_bh")


rng = np.random.default_rng(1)
a, b = rng.random((2, PAIRS, NEURONS), dtype=np.float32)
a64, b64 = a.astype(np.float64), b.astype(np.float64)
print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__,
            "numpy": np.__version__,
            "shape": [PAIRS, NEURONS],
            "runs": RUNS,
            "float32": milliseconds(lambda: job(a, b)),
            "float32_converted_to_float64": milliseconds(
                lambda: job(a.astype(np.float64), b.astype(np.float64))
            ),
            "float64": milliseconds(lambda: job(a64, b64)),
        },
        indent=2,
    )
)
