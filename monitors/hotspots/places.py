"""The counties and prefectures of Yunnan as columns of arrays, and the zones a scan of them looks at."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots.scan import Rules
from monitors.hotspots.zones import Zones, build
from monitors.regions import divisions, shapes
from monitors.settings import Hotspot

COUNTIES: Final = tuple(sorted(division.code for division in divisions.counties()))  # the columns, 129
PREFECTURES: Final = tuple(sorted(division.code for division in divisions.prefectures()))  # 16


@cache
def prefecture_index() -> NDArray[np.intp]:
    """For each county the position of its prefecture in ``PREFECTURES``: int[129], not to be written to."""
    found = np.array([PREFECTURES.index(divisions.prefecture_of(code)) for code in COUNTIES], dtype=np.intp)
    found.setflags(write=False)
    return found


@cache
def zones_of_yunnan(neighbours: int, radius_km: float) -> Zones:
    """Each county with its nearest neighbours; the same settings give the same object."""
    centres = shapes.centres()
    return build(np.array([centres[code] for code in COUNTIES]), neighbours=neighbours, radius_km=radius_km)


def rules_of(settings: Hotspot) -> Rules:
    """The scan's rules as ``[hotspot]`` of config.toml has them."""
    return Rules(
        windows=tuple(settings.windows),
        replicates=settings.replicates,
        min_cases=settings.min_cases,
        min_ratio=settings.min_ratio,
        watch_days=settings.watch_days,
        alert_days=settings.alert_days,
    )
