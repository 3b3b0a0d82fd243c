"""The page 台账统计: each role's own cases, every figure leads to the cases it counts, the file, strange addresses."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import openpyxl
import pytest
from sqlalchemy import select
from streamlit import dataframe_util
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role
from monitors.access.scope import EVERYWHERE, Scope
from monitors.errors import RefusedError
from monitors.ledger import breakdown, register, statistics, statistics_export
from monitors.ledger.breakdown import BARS, COLUMNS, MEASURES
from monitors.ledger.model import CaseState
from monitors.ledger.query import Query
from monitors.ledger.statistics import DIMENSIONS
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.sent import everything
from tests.test_page_duty import words
from tests.test_register import NOW, RULES, TODAY, held

__all__ = ["held"]
ROOT = Path(__file__).resolve().parent.parent
FIRST_PAINT = 100_000  # bytes of one view
# What the sums above a list say of the figure that led to it.
SAME = {"登记": "cases", "查实": "verified", "逾期未结": "overdue"}
COUNTED = {
    "人数": {"诉求": "claimed_workers", "查实": "verified_workers", "已支付": "paid_workers"},
    "金额": {"诉求": "claimed_fen", "查实": "verified_fen", "已支付": "paid_fen"},
}


@pytest.fixture
def cases(house):
    """Three cases of 五华 (核查中, 查实, 已销账) and one of 镇雄."""
    with house.write() as connection:
        site = ledger.project(connection, gov=True, soe=True)
        checking = ledger.entered(connection, channel="来访")
        ledger.step(connection, ledger.CLERK, checking, CaseState.CHECKING)
        ledger.verified(connection, project_id=site)
        ledger.settled(connection)
        ledger.entered(connection, ledger.ELSEWHERE, region="530627")
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "ledger_stats.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def table(app):
    """The lines of the table: name → texts of the cells."""
    (html,) = re.findall(r'<div class="stats-table".*?</div>', words(app), re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL)
    cells = [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]
    return {row[0]: row[1:] for row in cells}


def chart(app):
    """The chart's values as the browser gets them."""
    (found,) = drawn(app)
    return dataframe_util.convert_arrow_bytes_to_pandas_df(found.proto.data.data).to_dict("records")


def drawn(app):
    return app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")


def links(app):
    return [unescape(one) for one in re.findall(r'href="(/ledger[^"]*)"', words(app))]


def asked(address):
    return Query.read(dict(parse_qsl(urlsplit(address).query)))


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("scope", "base"),
    [
        (EVERYWHERE, Query()),
        (Scope("530600"), Query(flags=("查实",))),
        (EVERYWHERE, Query(bands=("逾期", "在期"), kinds=("PPP", "非工程"))),
        (EVERYWHERE, Query(states=("查实", "已销账"), industries=("交通", "住建"))),
    ],
)
def test_every_figure_leads_to_the_cases_it_counts(held, scope, base):
    store, _ = held
    followed = 0
    with store.read() as connection:

        @cache
        def behind(query):
            wanted = register.condition(scope, query, today=TODAY, settings=RULES)
            return register.sums(connection, wanted, today=TODAY, settings=RULES)

        for dimension in DIMENSIONS:
            for group in statistics.by(connection, scope, base, dimension, today=TODAY, settings=RULES):
                for measure in MEASURES:
                    for one in breakdown.figures(measure, group.sums, group.query):
                        assert (one.query is None) == (one.value == 0), (dimension, group.key, one)
                        if one.query is not None:
                            found = behind(one.query)
                            name = COUNTED[measure][one.name] if measure != "件数" else SAME.get(one.name, "cases")
                            assert getattr(found, name) == one.value, (dimension, group.key, one)
                            if measure == "件数":
                                assert found.cases == one.value, (dimension, group.key, one)
                            followed += 1
    assert followed > 50


def test_the_bars_of_cases_add_up(held):
    store, _ = held
    with store.read() as connection:
        for group in statistics.by(connection, EVERYWHERE, Query(), "渠道", today=TODAY, settings=RULES):
            assert sum(one.value for one in breakdown.bars("件数", group)) == group.sums.cases


def test_the_shares_are_those_of_their_parts(held):
    store, _ = held
    with store.read() as connection:
        for query in (Query(), Query(region="530600"), Query(states=("查实", "已销账"))):
            wanted = register.condition(EVERYWHERE, query, today=TODAY, settings=RULES)
            sums = register.sums(connection, wanted, today=TODAY, settings=RULES)
            rates = statistics.rates(connection, EVERYWHERE, query, today=TODAY, settings=RULES)
            settled, in_time, paid = breakdown.indicators(sums, rates, query)
            assert settled.share == pytest.approx(settled.parts[0].value / settled.parts[1].value)
            assert in_time.share == pytest.approx(in_time.parts[0].value / sum(part.value for part in in_time.parts))
            assert paid.share == pytest.approx(min(1, paid.parts[0].value / paid.parts[1].value))
            for part in (*settled.parts, *in_time.parts):
                if part.query is not None:
                    wanted = register.condition(EVERYWHERE, part.query, today=TODAY, settings=RULES)
                    assert register.sums(connection, wanted, today=TODAY, settings=RULES).cases == part.value, part


def test_what_the_question_rules_out_leads_nowhere():
    assert breakdown.narrowed(Query(bands=("逾期",)), bands=("已办结",)) is None
    assert breakdown.narrowed(Query(states=("查实",)), states=("已销账",)) is None
    both = breakdown.narrowed(Query(flags=("重大",), bands=("逾期", "在期")), flag="查实", bands=("逾期", "临期"))
    assert both == Query(flags=("重大", "查实"), bands=("逾期",))


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_empty_ledger_has_no_rates(house, signed):
    signed(Role.ADMINISTRATOR)
    app = page()
    shown = words(app)
    assert shown.count("<b>—</b>") == 3
    assert not links(app)
    assert "没有符合条件的案件" in app.info[0].value


@pytest.mark.parametrize(
    ("role", "region", "cases_seen"),
    [
        (Role.ADMINISTRATOR, "530000", 4),
        (Role.LEADER, "530000", 4),
        (Role.PREFECTURE_REVIEWER, ledger.PREFECTURE, 3),
        (Role.COUNTY_CLERK, ledger.COUNTY, 3),
        (Role.COUNTY_CLERK, "530627", 1),
    ],
)
def test_each_sees_the_figures_of_ones_own_cases(cases, signed, role, region, cases_seen):
    signed(role, region)
    shown = table(page())
    assert shown["合计"][0] == str(cases_seen)
    places = {"530000": "镇雄", "530627": "五华区"}
    assert places.get(region, "镇雄县") not in shown


def test_an_address_of_another_place_counts_nothing_of_it(cases, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    for address in ({"region": "530627"}, {"region": "530600"}):
        app = page(**address)
        assert "镇雄" not in everything(app)
        assert table(app)["合计"][0] == "3" or app.info


def test_the_auditor_sees_no_statistics(cases, signed):
    signed(Role.AUDITOR)
    app = page()
    assert "不能查看欠薪台账" in app.warning[0].value
    assert not links(app)
    assert not drawn(app)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("measure", MEASURES)
def test_every_view_has_the_chart_and_the_same_numbers_beside_it(cases, signed, dimension, measure):
    signed(Role.ADMINISTRATOR)
    app = page(by=dimension, show=measure)
    shown = table(app)
    assert shown[dimension] == [f"{name}{'（万元）' if measure == '金额' else ''}" for name in COLUMNS[measure]]
    assert ("合计" in shown) == (dimension != "项目性质")
    assert any("不能相加" in one.value for one in app.caption) == (dimension == "项目性质")
    values = chart(app)
    assert values
    for value in values:
        column = COLUMNS[measure].index(value["part"])
        assert float(shown[value["group"]][column].replace(",", "")) == pytest.approx(value["n"], abs=0.005)
        assert value["part"] in BARS[measure]
        assert asked(value["href"]) != Query()
    assert len(everything(app).encode()) < FIRST_PAINT


def test_a_bar_and_its_number_lead_to_the_same_cases(cases, signed):
    signed(Role.ADMINISTRATOR)
    app = page(by="渠道", flags="未结")
    (bar,) = (value for value in chart(app) if value["group"] == "来访")
    assert bar["href"] in links(app)
    found = asked(bar["href"])
    assert found.channels == ("来访",)
    assert found.flags == ("未结",)


def test_a_prefecture_opens_its_counties_in_the_same_view(cases, signed):
    signed(Role.ADMINISTRATOR)
    (inside,) = re.findall(r'href="(\?[^"]*region=530100[^"]*)"', words(page(show="金额")))
    address = dict(parse_qsl(unescape(inside)[1:]))
    app = page(**address)
    assert table(app)["五华区"][0] == "90.00"
    assert len(table(app)) > 10


def test_strange_addresses_are_no_error(cases, signed):
    signed(Role.ADMINISTRATOR)
    for address in ({"by": "x"}, {"show": "<b>"}, {"region": "999999"}, {"month": "2026-99"}, {"ids": "1,x"}):
        assert table(page(**address))["合计"]


def test_the_figures_follow_the_ledger(cases, signed):
    signed(Role.ADMINISTRATOR)
    before = table(page())["合计"][0]
    with cases.write() as connection:
        ledger.entered(connection)
    assert int(table(page())["合计"][0]) == int(before) + 1


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_file_holds_every_dimension_of_the_question(cases):
    made = statistics_export.made(
        cases, ledger.REVIEWER, Query(flags=("查实",)), "xlsx", settings=ledger.SETTINGS, now=NOW
    )
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    text = "\n".join(str(cell) for row in rows for cell in row if cell is not None)
    assert "办结率：50.0%" in text
    assert "标记：查实" in text
    assert "截至时间" in text
    assert {row[0] for row in rows} >= {*DIMENSIONS, "合计"}
    (whole,) = (row for row in rows if row[0] == "合计")
    assert whole[2] == 2
    assert "昭通" not in text


def test_each_file_leaves_a_line_and_who_may_not_gets_none(cases):
    made = statistics_export.made(cases, ledger.ADMIN, Query(), "csv", settings=ledger.SETTINGS, now=NOW)
    lines = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert any(line[:3] == ["合计", "合计", "4"] for line in lines)
    with pytest.raises(RefusedError):
        statistics_export.made(cases, ledger.AUDITOR, Query(), "csv", settings=ledger.SETTINGS, now=NOW)
    with cases.read() as connection:
        told = connection.execute(
            select(t.audit.c.actor, t.audit.c.outcome).where(t.audit.c.action == "ledger.export")
        ).all()
    assert [tuple(row) for row in told] == [("boss", "成功"), ("auditor", "拒绝")]
