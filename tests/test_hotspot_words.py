"""A cluster in words: places, dates, numbers."""

from __future__ import annotations

from datetime import date

import pytest

from monitors.hotspots import words

FIRST, LAST = date(2026, 11, 12), date(2026, 11, 23)


def test_the_sentence_of_the_products_example() -> None:
    said = words.sentence(("530627", "530628"), FIRST, LAST, 9, 2.14, year=2026)
    assert said == "昭通市镇雄、彝良两县 11月12日以来 9 起，通常 2.1 起"


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("530627",), "昭通市镇雄县"),
        (("530600",), "昭通市"),
        (("532501", "532502", "532503"), "红河州个旧、开远、蒙自三市"),
        (("530102", "530103"), "昆明市五华、盘龙两区"),
        (("530102", "530124", "530181"), "昆明市五华、富民、安宁三县（市、区）"),
        (("530627", "530381", "530628"), "昭通市镇雄、彝良两县，曲靖市宣威市"),
        (("530600", "530300"), "昭通市，曲靖市"),
        (("530922", "530921"), "临沧市云县、凤庆两县"),
        (("530128",), "昆明市禄劝县"),
        ((), ""),
    ],
)
def test_names(codes, said) -> None:
    assert words.names(codes) == said


def test_of_many_places_the_nearest_are_named_and_the_rest_counted() -> None:
    codes = [f"5306{number}" for number in (21, 22, 23, 24, 25, 26, 27, 28, 29)]
    assert words.names(codes) == "昭通市鲁甸、巧家、盐津、大关、永善、绥江等九县"
    codes = [f"5301{number:02d}" for number in (2, 3, 11, 12, 13, 14, 15, 24, 25, 26, 27)]
    assert words.names(codes).endswith("等 11 县（市、区）")


def test_another_year_is_said_and_one_day_is_no_time_since() -> None:
    assert words.span(date(2025, 12, 30), date(2026, 1, 2), year=2026) == "2025年12月30日以来"
    assert words.span(LAST, LAST, year=2026) == "11月23日"


def test_what_lies_beyond_the_readers_part_is_counted() -> None:
    said = words.sentence(("530627",), FIRST, LAST, 9, 0.04, year=2026, outside=2)
    assert said == "昭通市镇雄县（含本辖区外 2 个县（市、区）） 11月12日以来 9 起，通常 不到 0.1 起"


def test_how_rare_it_is_by_chance() -> None:
    assert words.rarity(0.004, 0.001) == "纯属偶然出现这样的聚集，约 250 天才有一次"
    assert words.rarity(0.001, 0.001) == "纯属偶然出现这样的聚集，1000 天也难有一次"
