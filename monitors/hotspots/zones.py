"""The zones a scan looks at: each place with its nearest neighbours, step by step outwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

EARTH_KM = 6371.0088


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Ragged sets of places, kept as the way they grow.

    ``order`` int[n, k]: the places around place i, nearest first, i itself at 0; ``n`` where there is none any more.
    ``new`` bool[n, k]: whether the first j + 1 of them are a zone that no place before gave.
    """

    order: NDArray[np.intp]
    new: NDArray[np.bool_]
    members: tuple[tuple[int, ...], ...] = field(init=False)  # every zone once, its places nearest first

    def __post_init__(self) -> None:
        rows, steps = np.nonzero(self.new)
        found = tuple(
            tuple(int(place) for place in self.order[row, : step + 1]) for row, step in zip(rows, steps, strict=True)
        )
        object.__setattr__(self, "members", found)

    @property
    def places(self) -> int:
        """Number of places, n."""
        return len(self.order)


def build(centres: NDArray[np.float64], *, neighbours: int, radius_km: float) -> Zones:
    """Zones of 1 … ``neighbours`` places: each place (the first of its zones) with those nearest to it.

    ``centres`` float[n, 2]: longitude and latitude in degrees. No place farther than ``radius_km`` (great circle) from
    the middle one belongs to a zone. A set of places that two middles share stands once.

    Raises:
        ValueError: a wrong shape, a coordinate that is no number, or a size below one.
    """
    points = np.asarray(centres, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("centres must be finite numbers of shape [n, 2]")
    if neighbours < 1:
        raise ValueError("a zone holds at least one place")
    number = len(points)
    far = distances_km(points)
    # Whoever shares the middle's coordinates must not come before it.
    np.fill_diagonal(far, -1.0)
    nearest = np.argsort(far, axis=1, kind="stable")[:, :neighbours]
    within = np.take_along_axis(far, nearest, axis=1) <= radius_km
    order = np.where(within, nearest, number).astype(np.intp)
    order.setflags(write=False)
    new = within & _first_of_their_kind(order)
    new.setflags(write=False)
    return Zones(order, new)


def singles(number: int) -> Zones:
    """Each of ``number`` places a zone of its own: for places whose neighbours are not known."""
    return Zones(np.arange(number, dtype=np.intp)[:, None], np.ones((number, 1), dtype=np.bool_))


def distances_km(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distances float[n, n] in km between points float[n, 2] (longitude, latitude in degrees)."""
    longitude, latitude = np.radians(points).T
    half_up = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half_along = np.sin((longitude[:, None] - longitude) / 2) ** 2
    chord = half_up + np.cos(latitude[:, None]) * np.cos(latitude) * half_along
    distance: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return distance


def _first_of_their_kind(order: NDArray[np.intp]) -> NDArray[np.bool_]:
    seen: set[tuple[int, ...]] = set()
    first = np.zeros(order.shape, dtype=np.bool_)
    for step in range(order.shape[1]):
        for place, around in enumerate(np.sort(order[:, : step + 1], axis=1).tolist()):
            one = tuple(around)
            if one not in seen and all(left < right for left, right in pairwise(one)):
                seen.add(one)
                first[place, step] = True
    return first
