"""``hotspots FILE.csv``: what goes in, what comes out, and how a wrong row is named."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from monitors import settings as settings_module
from monitors.__main__ import main
from monitors.errors import InputError
from monitors.hotspots import counts_file, hotspots_cli, places
from monitors.hotspots.scan import scan

LAST = date(2026, 11, 20)
ZHENXIONG, YILIANG = "530627", "530628"


@pytest.fixture
def hotspots(tmp_path, monkeypatch, capsys):
    """``hotspots(text or bytes, *options)`` → (exit code, what stdout held as JSON or None, stderr)."""
    for name in ("MONITORS_CONFIG", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path / "data"))
    settings_module.current.cache_clear()
    file = tmp_path / "起数.csv"

    def command(body: str | bytes, *options: str):
        file.write_bytes(body.encode() if isinstance(body, str) else body)
        code = main(["hotspots", str(file), *options])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    yield command
    settings_module.current.cache_clear()


def lines(regions, *, days=120, mean=0.15, seed=3, extra=(), last=LAST):
    """Calm counts as CSV, days without cases left out; ``extra``: rows more."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(mean, (days, len(regions)))
    rows = [
        f"{region},{last - timedelta(days=days - 1 - day)},{counts[day, place]}"
        for day in range(days)
        for place, region in enumerate(regions)
        if counts[day, place]
    ]
    return "region,date,cases\n" + "\n".join([*rows, *extra]) + "\n"


def gathering(*regions, days=4, cases=3, last=LAST):
    return [f"{region},{last - timedelta(days=day)},{cases}" for day in range(days) for region in regions]


def test_a_gathering_comes_out_with_its_figures(hotspots):
    code, found, err = hotspots(lines(places.COUNTIES, extra=gathering(ZHENXIONG, YILIANG)))
    assert (code, err) == (0, "")
    one = found[0]
    assert {ZHENXIONG, YILIANG} <= set(one["regions"])
    assert "昭通市镇雄县" in one["names"]
    assert one["end"] == "2026-11-20"
    assert one["start"] in {"2026-11-17", "2026-11-16"}
    assert one["observed"] >= 24
    assert one["relative_risk"] == pytest.approx(one["observed"] / one["expected"], rel=1e-3)
    assert one["p_value"] == 0.001
    assert one["recurrence_days"] == 1000.0
    assert one["tier"] == "预警"
    assert one["population"] is None
    assert one["per_10000"] is None


def test_calm_counts_give_an_empty_array_and_all_shows_what_stayed_below(hotspots):
    text = lines(places.COUNTIES)
    assert hotspots(text) == (0, [], "")
    code, found, _ = hotspots(text, "--all")
    assert code == 0
    assert all(one["tier"] == "" and one["p_value"] > 0.01 for one in found)


def test_the_answer_is_the_scan_of_the_same_counts(hotspots):
    text = lines(places.COUNTIES, mean=0.4, extra=gathering(ZHENXIONG))
    settings = settings_module.current().hotspot
    counts = np.zeros((120, 129), dtype=int)
    for row in counts_file.read(text.encode(), "x"):
        counts[119 - (LAST - row.day).days, places.COUNTIES.index(row.region)] += row.cases
    zones = places.zones_of_yunnan(settings.neighbours, settings.radius_km)
    rules = places.rules_of(settings)
    mine = scan(counts, places.prefecture_index(), zones, rules, seed=settings.seed).clusters
    found = hotspots(text, "--all")[1]
    assert [(one["observed"], one["p_value"]) for one in found] == [(one.observed, one.p_value) for one in mine]


def test_the_seed_decides_and_the_same_seed_repeats(hotspots):
    text = lines(places.COUNTIES, extra=gathering(ZHENXIONG, days=3, cases=2))
    assert hotspots(text, "--seed", "5", "--all") == hotspots(text, "--seed", "5", "--all")


def test_rows_of_one_day_add_up_and_order_does_not_matter(hotspots):
    head, *rows = lines(places.COUNTIES, extra=gathering(ZHENXIONG) * 2).splitlines()
    forwards = hotspots("\n".join([head, *rows]))
    assert forwards[1][0]["observed"] >= 24
    assert forwards == hotspots("\n".join([head, *reversed(rows)]))


def test_only_the_baseline_is_looked_at(hotspots):
    old = [f"{ZHENXIONG},{LAST - timedelta(days=400)},5000"]
    text = lines(places.COUNTIES, days=180, extra=gathering(ZHENXIONG))
    assert hotspots(text + "\n".join(old)) == hotspots(text)


def test_until_ends_earlier_or_later(hotspots):
    text = lines(places.COUNTIES, extra=gathering(ZHENXIONG, days=4, last=LAST - timedelta(days=30)))
    assert hotspots(text)[1] == []
    found = hotspots(text, "--until", "2026-10-21")[1]
    assert found[0]["regions"] == [ZHENXIONG]
    assert found[0]["end"] == "2026-10-21"
    code, found, err = hotspots(text, "--until", "2026-06-01")
    assert (code, found) == (1, None)
    assert "2026-06-01" in err


def test_prefectures_are_scanned_as_such(hotspots):
    text = lines(places.PREFECTURES, mean=1.5, extra=gathering("530600", cases=9))
    code, found, _ = hotspots(text)
    assert code == 0
    assert [one["regions"] for one in found] == [["530600"]]
    assert found[0]["p_value"] == 0.001


def test_counties_and_prefectures_share_the_false_alarms(hotspots):
    text = lines(places.COUNTIES, extra=gathering("530600", cases=9))
    found = hotspots(text)[1]
    assert [one["regions"] for one in found] == [["530600"]]
    assert found[0]["p_value"] == 0.002


def test_other_provinces_are_zones_of_their_own(hotspots):
    abroad = ["441424", "441402", "440106", "110101", "429004", "500101", ZHENXIONG]
    code, found, _ = hotspots(lines(abroad, mean=0.6, extra=gathering("441424", cases=6)))
    assert code == 0
    assert [one["regions"] for one in found] == [["441424"]]


def test_provinces_alone_are_scanned_by_province(hotspots):
    provinces = ["110000", "440000", "530000", "510000", "420000"]
    found = hotspots(lines(provinces, mean=3, extra=gathering("440000", cases=12)))[1]
    assert [one["regions"] for one in found] == [["440000"]]


def test_what_is_known_to_the_province_only_is_named_not_counted(hotspots):
    text = lines(places.COUNTIES)
    code, found, err = hotspots(text + "530000,2026-11-20,40\n")
    assert (code, found) == (0, [])
    assert "40 起只知道省份" in err


def test_population_becomes_a_rate(hotspots):
    rows = lines(places.COUNTIES, extra=gathering(ZHENXIONG)).splitlines()
    text = "\n".join([rows[0] + ",population", *(row + ",1350000" for row in rows[1:])])
    one = hotspots(text)[1][0]
    assert one["population"] == 1_350_000 * len(one["regions"])
    assert one["per_10000"] == pytest.approx(one["observed"] / one["population"] * 10_000, abs=1e-4)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_names_and_encodings_of_the_office(hotspots, codec):
    text = lines(places.COUNTIES, extra=gathering("镇雄县"))
    text = text.replace("region,date,cases", "地区,日期,件数")
    code, found, _ = hotspots(text.encode(codec))
    assert code == 0
    assert found[0]["regions"] == [ZHENXIONG]


def test_too_few_days_are_no_answer(hotspots):
    code, found, err = hotspots(lines(places.COUNTIES, days=20, mean=2))
    assert (code, found) == (1, None)
    assert "只有 20 天数据，至少需要 28 天" in err


def test_standard_input(hotspots, monkeypatch, capsys):
    text = lines(places.COUNTIES, extra=gathering(ZHENXIONG))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert main(["hotspots", "-"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["regions"] == [ZHENXIONG]


def test_a_missing_file_is_named(tmp_path, capsys):
    assert main(["hotspots", str(tmp_path / "没有.csv")]) == 1
    assert "没有.csv" in capsys.readouterr().err


HEAD = "region,date,cases,population\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("539999,2026-11-01,1,", "地区代码 539999 不存在"),
        ("火星县,2026-11-01,1,", "地区“火星县”无法识别"),
        ("大理,2026-11-01,1,", "有多种可能"),
        (",2026-11-01,1,", "地区为空"),
        ("530102,2026-13-01,1,", "日期“2026-13-01”无法识别"),
        ("530102,昨天,1,", "日期“昨天”无法识别"),
        ("530102,,1,", "日期"),
        ("530102,0001-01-01,1,", "日期"),
        ("530102,2026-11-01,-1,", "应为不小于 0 的整数"),
        ("530102,2026-11-01,1.5,", "应为不小于 0 的整数"),
        ("530102,2026-11-01,,", "应为不小于 0 的整数"),
        ("530102,2026-11-01,nan,", "应为不小于 0 的整数"),
        ("530102,2026-11-01,99999999,", "超过上限"),
        ("530102,2026-11-01,1,很多", "人口“很多”"),
        ("530102,2026-11-01", "件数"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(hotspots, row, said):
    code, found, err = hotspots(f"{HEAD}530102,2026-11-02,1,\n\n{row}\n")
    assert (code, found) == (1, None)
    assert "第 4 行" in err
    assert said in err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "缺少列"),
        ("region,day,cases\n", "缺少列：date"),
        ("region,date,cases,cases\n", "出现了 2 次"),
        ("region,date,cases\n", "没有数据行"),
        ('region,date,cases\n"530102,2026-11-01,1\n', "不是有效的 CSV"),
        (b"PK\x03\x04\x00\x00\xff\xff", "不是文本文件"),
    ],
)
def test_what_is_no_such_file_is_refused(hotspots, body, said):
    code, found, err = hotspots(body)
    assert (code, found) == (1, None)
    assert said in err
    assert "Traceback" not in err


def test_many_wrong_rows_are_not_all_printed(hotspots):
    _, _, err = hotspots(HEAD + "x,2026-11-01,1,\n" * 50)
    assert len(err.splitlines()) == 21
    assert "另有 30 行有误" in err


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("530627", "530627"), ("530627.0", "530627"), ("530627100", "530627"), ("530122", "530115"),
        ("镇雄县", "530627"), ("镇雄", "530627"), ("昭通市镇雄县", "530627"), ("云南省昭通市镇雄县", "530627"),
        ("昭通市", "530600"), ("昭通", "530600"), ("禄劝彝族苗族自治县", "530128"), ("禄劝县", "530128"),
        ("云南", "530000"), ("云南省", "530000"), ("大理市", "532901"), ("大理州", "532900"), ("五华区", "530102"),
        ("五华县", "441424"), ("５３０６２７", "530627"), (" 镇 雄 县 ", "530627"), ("北京市", "110000"),
    ],
)  # fmt: skip
def test_regions_by_code_and_name(written, code):
    assert counts_file.region_of(written) == code


def test_a_name_many_bear_asks_for_the_code():
    with pytest.raises(InputError, match="有多种可能"):
        counts_file.region_of("鼓楼区")


@pytest.mark.parametrize("written", ["2026-11-03", "2026/11/3", "20261103", "2026年11月3日", "2026-11-03 00:00:00"])
def test_days_as_people_and_programs_write_them(written):
    (row,) = counts_file.read(f"region,date,cases\n530102,{written},2.0\n".encode(), "x")
    assert (row.day, row.cases) == (date(2026, 11, 3), 2)


def test_counties_missing_from_a_file_are_in_no_zone():
    rows = counts_file.read(lines([ZHENXIONG, YILIANG, "110101"], mean=3).encode(), "x")
    span = hotspots_cli.Span(LAST - timedelta(days=119), LAST)
    ((regions, found),) = hotspots_cli.scans(rows, span, settings_module.load().hotspot, 1)
    assert regions == ("110101", ZHENXIONG, YILIANG)
    assert found.total == sum(row.cases for row in rows)
