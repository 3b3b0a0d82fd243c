"""How many incidents there are that neither of two sources knows: capture–recapture of the hotline and the news.

Chapman's estimate (1951) with the interval of the transformed logit (Sadinle, The Statistician 63, 2009), which keeps
its promised coverage at small counts and never falls below what is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEAST_BOTH = (
    7  # known to both; from here on Chapman's estimate is free of bias for practical ends (Robson & Regier 1964)
)

CAVEAT = (
    "估算假定两个来源互不影响、每起事件被任一来源发现的机会相近、两边的记录对应无误。现实中闹得大的事件往往两边都有，"
    "这会使估算偏低，故应看作下限；漏连的对应关系则会使估算偏高。公开报道本来只占欠薪事件的一小部分，此数不是欠薪事件总数。"
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Incidents known to the ``first`` source, the ``second``, to ``both``; ``total`` estimated with its interval."""

    first: int
    second: int
    both: int
    total: float
    low: float
    high: float

    @property
    def seen(self) -> int:
        """Incidents known to at least one source."""
        return self.first + self.second - self.both

    @property
    def missed(self) -> float:
        """Estimated incidents known to neither."""
        return self.total - self.seen


def estimate(first: int, second: int, both: int, *, level: float = 0.95) -> Estimate | None:
    """N = (first + 1)(second + 1)/(both + 1) − 1 with an interval of ``level``; None where ``too_few`` says why.

    Raises ValueError where ``both`` exceeds one of the others or a count is negative.
    """
    if too_few(first, second, both):
        return None
    total = (first + 1) * (second + 1) / (both + 1) - 1
    m, a, b = both + 0.5, first - both + 0.5, second - both + 0.5
    # The last part is one over the incidents nobody saw; below one of them the published form runs to absurd widths.
    deviation = math.sqrt(1 / m + 1 / a + 1 / b + min(1.0, m / (a * b)))
    reach = NormalDist().inv_cdf((1 + level) / 2) * deviation
    seen, unseen = first + second - both, a * b / m
    low, high = (max(float(seen), seen - 0.5 + unseen * math.exp(sign * reach)) for sign in (-1, 1))
    return Estimate(first, second, both, total, low, max(high, total))


def too_few(first: int, second: int, both: int) -> str:
    """Why nothing can be estimated, in Chinese; empty where it can."""
    if not 0 <= both <= min(first, second):
        raise ValueError(f"{both} known to both of {first} and {second}")
    if both >= LEAST_BOTH:
        return ""
    return f"两个来源共同记录到的事件只有 {both} 起，至少要 {LEAST_BOTH} 起才能估算漏掉多少。"
