"""The day of Spring Festival (春节, first of the first lunar month) by year: before it wages are asked for."""

from __future__ import annotations

from datetime import date
from typing import Final

SPRING_FESTIVALS: Final = (
    date(2016, 2, 8), date(2017, 1, 28), date(2018, 2, 16), date(2019, 2, 5), date(2020, 1, 25), date(2021, 2, 12),
    date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6),
    date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11), date(2033, 1, 31),
    date(2034, 2, 19), date(2035, 2, 8), date(2036, 1, 28), date(2037, 2, 15), date(2038, 2, 4), date(2039, 1, 24),
    date(2040, 2, 12),
)  # fmt: skip


def next_spring_festival(day: date) -> date | None:
    """The Spring Festival on ``day`` or the next after it; None after the table's end."""
    return next((one for one in SPRING_FESTIVALS if one >= day), None)
