"""Tails and quantiles, each against a slow exact reference."""

import math
from decimal import Decimal, getcontext
from fractions import Fraction

import pytest

from monitors.hotspots.tails import at_least, beta_at_most, beta_quantile, quantile


def exact_tails(mean: Fraction, size: Fraction, highest: int) -> list[Decimal]:
    """P(X ≥ k) for k = 0 … highest in sixty digits."""
    getcontext().prec = 60
    m, r = (Decimal(x.numerator) / Decimal(x.denominator) for x in (mean, size))
    none = r / (r + m)
    mass, below, tails = none**r, Decimal(0), []
    for k in range(highest + 1):
        tails.append(1 - below)
        below += mass
        mass *= (1 - none) * (k + r) / (k + 1)
    return tails


@pytest.mark.parametrize("size", [Fraction(1, 2), Fraction(3, 2), Fraction(7), Fraction(40)])
@pytest.mark.parametrize("mean", [Fraction(1, 50), Fraction(1, 2), Fraction(3), Fraction(30)])
def test_the_negative_binomial_tail_is_exact(mean, size):
    variance = float(mean + mean * mean / size)
    for count, wanted in enumerate(exact_tails(mean, size, 120)):
        if wanted > Decimal("1e-40"):
            assert abs(at_least(count, float(mean), variance) / float(wanted) - 1) < 1e-12


def test_equal_mean_and_variance_is_poisson():
    mean, below = 4.0, 0.0
    for count in range(25):
        assert at_least(count, mean, mean) == pytest.approx(1 - below, abs=1e-14)
        below += math.exp(-mean) * mean**count / math.factorial(count)
    # Close to Poisson, the size is enormous: nothing may be lost.
    assert at_least(9, 4.0, 4.0 + 1e-8) == pytest.approx(at_least(9, 4.0, 4.0), rel=1e-6)


def test_large_counts_neither_overflow_nor_vanish():
    assert at_least(10_000, 10_000.0, 10_000.0) == pytest.approx(0.5, abs=0.005)
    assert 0.0 < at_least(3_000, 1_000.0, 11_000.0) < 1e-15
    assert at_least(1, 1e-9, 2e-9) == pytest.approx(1e-9 * math.log(2), rel=1e-6)
    assert (at_least(0, 0.0, 0.0), at_least(1, 0.0, 0.0)) == (1.0, 0.0)


@pytest.mark.parametrize(("mean", "variance"), [(0.05, 0.06), (3.2, 5.0), (40.0, 40.0), (1e4, 1e6)])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9, 0.999])
def test_a_quantile_is_the_first_count_to_reach_its_probability(mean, variance, probability):
    found = quantile(probability, mean, variance)
    assert 1 - at_least(found + 1, mean, variance) >= probability
    assert found == 0 or 1 - at_least(found, mean, variance) < probability


def test_the_incomplete_beta_of_whole_numbers_is_a_binomial_sum():
    for a, b in [(1, 1), (2, 5), (13, 4), (40, 60)]:
        n = a + b - 1
        for x in (Fraction(1, 100), Fraction(3, 10), Fraction(1, 2), Fraction(9, 10)):
            wanted = sum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))
            assert beta_at_most(float(x), a, b) == pytest.approx(float(wanted), rel=1e-11)


def test_beta_quantiles_known_and_turned_round():
    assert beta_quantile(0.1, 0.5, 0.5) == pytest.approx(math.sin(math.pi * 0.1 / 2) ** 2, rel=1e-12)  # arcsine law
    assert beta_quantile(0.25, 1.0, 3.0) == pytest.approx(1 - 0.75 ** (1 / 3), rel=1e-12)
    for a, b in [(0.5, 900.5), (30.5, 12.5), (3000.5, 2.5)]:
        for probability in (0.025, 0.1, 0.9):
            assert beta_at_most(beta_quantile(probability, a, b), a, b) == pytest.approx(probability, abs=1e-11)
