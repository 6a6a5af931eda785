"""Fits the constants of gelu_kernel.rs and exp2.rs again, and checks those in the sources.

    pip install numpy scipy && python fit_gelu.py

With numpy 2 on x86-64, the fits give P, Q and the first five coefficients of EXP2 in every bit of
an f32. The last coefficient of EXP2 has seven digits in the source and differs in the last bit. As
another linear algebra library may round otherwise, the script accepts a difference of 1e-6. It
fails if a difference is larger, or if an error of the constants is above the bound that the sources
promise.
"""

import re
from pathlib import Path

import numpy as np
from scipy.special import erfcx

FOLDER = Path(__file__).parent

# Relative difference between a fit and a constant in the source.
TOLERANCE = 1e-6

# Bounds that gelu_kernel.rs and exp2.rs promise.
LARGEST_TAIL_ERROR = 6e-8
LARGEST_EXP2_ERROR = 1.5e-7


def constants(file, name):
    """A list of f32 in a Rust file."""
    source = (FOLDER / file).read_text()
    values = re.search(rf"const {name}: \[f32; \d+\] =\s*\[([^]]*)\]", source).group(1)
    return np.array([float(value.replace("_", "")) for value in values.split(",")], np.float32)


def polynomial(coefficients, x):
    """The polynomial with these coefficients, lowest power first, at x."""
    return np.polyval(np.float64(coefficients)[::-1], x)


def tail_ratio(t):
    """Phi(-t) exp(t^2 / 2)."""
    return erfcx(t / np.sqrt(2)) / 2


def fit_tail():
    """P and Q such that P(t) / Q(t) is near tail_ratio(t) for t >= 0.

    Minimises the largest error of max(t, 0.2) Phi(-t). GELU's tail is t Phi(-t); the 0.2 keeps Phi
    itself near 1/2 at t = 0. The method is Lawson's: least squares, again and again, with weights
    that are multiplied by the errors of each round. The equations of a round are linear because
    they are divided by the Q of the round before.
    """
    points = 1001
    largest_t = 6  # further out the error falls
    rounds = 2000
    t = largest_t / 2 * (1 - np.cos(np.pi * np.arange(points) / (points - 1)))
    ratio = tail_ratio(t)
    scale = np.maximum(t, 0.2) * np.exp(-t * t / 2)
    weights = np.full(points, 1 / points)
    denominator = np.ones(points)
    smallest_error = np.inf
    for _ in range(rounds):
        columns = np.stack([t**0, t, t**2, -ratio * t, -ratio * t**2, -ratio * t**3], axis=1)
        row_scale = np.sqrt(weights) * scale / denominator
        found = np.linalg.lstsq(columns * row_scale[:, None], ratio * row_scale, rcond=None)[0]
        p = found[:3]
        q = np.concatenate([[1], found[3:]])
        denominator = polynomial(q, t)
        errors = np.abs(scale * (polynomial(p, t) / denominator - ratio))
        if errors.max() < smallest_error:
            smallest_error = errors.max()
            best = np.float32(p), np.float32(q)
        weights *= errors
        weights /= weights.sum()
    return best


def fit_exp2():
    """Coefficients of a polynomial near 2^r for |r| <= 1/2.

    Minimises the squares of the relative errors at Chebyshev's nodes.
    """
    nodes = 1000
    r = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes) / 2
    columns = np.stack([r**power for power in range(6)], axis=1) / 2 ** r[:, None]
    return np.float32(np.linalg.lstsq(columns, np.ones(nodes), rcond=None)[0])


def compare(name, fitted, constant):
    equal_bits = np.count_nonzero(fitted == constant)
    print(f"{name}: {equal_bits} of {len(constant)} coefficients are equal in every bit")
    assert np.abs(fitted / constant - 1).max() < TOLERANCE, (fitted, constant)


def check_error(name, errors, bound):
    largest = np.abs(errors).max()
    print(f"{name}: largest error {largest:.3e}, bound {bound:e}")
    assert largest < bound


def main():
    p = constants("gelu_kernel.rs", "P")
    q = constants("gelu_kernel.rs", "Q")
    exp2 = constants("exp2.rs", "EXP2")

    fitted_p, fitted_q = fit_tail()
    compare("P", fitted_p, p)
    compare("Q", fitted_q, q)
    compare("EXP2", fit_exp2(), exp2)

    t = np.linspace(0, 16, 1_600_001)
    ratio_errors = polynomial(p, t) / polynomial(q, t) - tail_ratio(t)
    check_error("t Phi(-t)", t * np.exp(-t * t / 2) * ratio_errors, LARGEST_TAIL_ERROR)
    r = np.linspace(-0.5, 0.5, 1_000_001)
    check_error("2^r, relative", polynomial(exp2, r) / 2**r - 1, LARGEST_EXP2_ERROR)


if __name__ == "__main__":
    main()
