"""Tails and quantiles of the count distributions bursts, trends and forecasts rest on. Plain floats in, floats out.

No statistics library is needed for four functions; tests hold each to a slow exact reference.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NEGLIGIBLE = 1e-18  # a term that cannot move a double any more
_POISSON = 1e-9  # relative surplus of variance below which a count is Poisson


def at_least(count: int, mean: float, variance: float) -> float:
    """P(X ≥ ``count``) for a negative binomial of ``mean`` and ``variance`` in events; Poisson where they are equal.

    Summed from the point outwards on the shorter side, the first term by a recurrence in logarithms: relative error
    below 1e-12 wherever the result is a tail. ``mean`` 0 is the count that is always 0.
    """
    if count <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    if count > mean:
        return min(1.0, _upwards(count, mean, variance))
    return max(0.0, 1.0 - _downwards(count - 1, mean, variance))


def quantile(probability: float, mean: float, variance: float) -> int:
    """The least count x with P(X ≤ x) ≥ ``probability`` of the same distribution."""
    if mean <= 0.0:
        return 0
    # From a count surely too low by Cantelli's inequality, upwards one by one.
    least = mean - math.sqrt(variance * (1.0 - probability) / probability)
    count, size = max(0, math.floor(least)), _size(mean, variance)
    mass, below = math.exp(_log_mass(count, mean, size)), 1.0 - at_least(count + 1, mean, variance)
    while below < probability and (mass > 0.0 or count < mean):
        count += 1
        mass *= _step(count, mean, size)
        below += mass
    return count


def beta_at_most(x: float, a: float, b: float) -> float:
    """P(B ≤ ``x``) for B ~ Beta(a, b): the regularised incomplete beta function, by its continued fraction."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):  # the fraction converges fast only below the mean
        return 1.0 - beta_at_most(1.0 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) / (a * _beta_fraction(x, a, b))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Find x with P(B ≤ x) = ``probability`` for B ~ Beta(a, b), to 1e-13; Newton's steps kept inside a bracket."""
    low, high = 0.0, 1.0
    x = _beta_guess(probability, a, b)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    for _ in range(200):
        surplus = beta_at_most(x, a, b) - probability
        low, high = (low, x) if surplus > 0.0 else (x, high)
        density = math.exp((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - log_beta)
        following = x - surplus / density if density > 0.0 else low
        if not low < following < high:
            following = (low + high) / 2.0
        if abs(following - x) <= 1e-14 * x or following in {0.0, 1.0}:
            return following
        x = following
    return x


def _step(k: int, mean: float, size: float) -> float:
    """P(X = k) / P(X = k − 1)."""
    return mean * (1.0 if math.isinf(size) else (k - 1.0 + size) / (size + mean)) / k


def _size(mean: float, variance: float) -> float:
    surplus = variance - mean
    return math.inf if surplus <= _POISSON * mean else mean * mean / surplus


def _log_mass(count: int, mean: float, size: float) -> float:
    # Not by lgamma: its differences lose six digits where the size is large.
    start = -mean if math.isinf(size) else -size * math.log1p(mean / size)
    return math.fsum((start, *(math.log(_step(k, mean, size)) for k in range(1, count + 1))))


def _upwards(count: int, mean: float, variance: float) -> float:
    size = _size(mean, variance)
    term, total, k = 1.0, 0.0, count
    while True:
        total += term
        k += 1
        step = _step(k, mean, size)
        term *= step
        if step < 1.0 and term < _NEGLIGIBLE * total * (1.0 - step):
            return math.exp(_log_mass(count, mean, size)) * total


def _downwards(count: int, mean: float, variance: float) -> float:
    size = _size(mean, variance)
    term, total = 1.0, 1.0
    for k in range(count, 0, -1):
        step = _step(k, mean, size)
        term /= step
        total += term
        if step > 1.0 and term < _NEGLIGIBLE * total:
            break
    return math.exp(_log_mass(count, mean, size)) * total


def _beta_fraction(x: float, a: float, b: float) -> float:
    # Lentz's method, read from the front; its value here is 1/(1+ d1/(1+ d2/(1+ …))) turned over.
    tiny = 1e-300
    value, upper, lower = 1.0, 1.0, 0.0
    for j in range(1, 10_000):
        m = j // 2
        if j % 2:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1.0 / (1.0 + part * lower or tiny)
        upper = 1.0 + part / upper or tiny
        value *= upper * lower
        if abs(upper * lower - 1.0) < 1e-16:
            break
    return value


def _beta_guess(probability: float, a: float, b: float) -> float:
    logit = math.log(a / b) + NormalDist().inv_cdf(probability) * math.sqrt(1.0 / a + 1.0 / b)
    return min(1.0 - 1e-9, max(1e-9, 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))))
