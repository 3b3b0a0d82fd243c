"""The list of cases and its statistics: the same question, the same cases, the same sums, on both databases."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import insert

from monitors.access.scope import EVERYWHERE, Scope
from monitors.ledger import query as asked
from monitors.ledger import register, statistics
from monitors.ledger.model import CLOSED_CASE, OVER_CASE, TAGS, CaseState, Channel, EmployerClass, Industry
from monitors.ledger.query import BANDS, FLAGS, KINDS, SORTS, Query
from monitors.settings import Ledger
from monitors.store import tables as t

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
RULES = Ledger()
PLACES = ("530102", "530111", "530302", "530627", "530628", "532901", "530600")


def rows(count: int, seed: int = 7) -> tuple[list[dict], list[dict], list[dict]]:
    """Employers, projects and cases of every kind; dates around TODAY."""
    draw = random.Random(seed)
    kept = {"demo": False, "created_at": NOW, "updated_at": NOW}
    employers = [
        {"id": n, "name": f"云岭{n}号建设公司", "uscc": None, "class": draw.choice(list(EmployerClass)).value,
         "region": draw.choice(PLACES)} | kept
        for n in range(1, 8)
    ]  # fmt: skip
    projects = [
        {"id": n, "name": f"南坡{n}标段", "region": draw.choice(PLACES), "industry": draw.choice(list(Industry)).value,
         "subcontractors": [], "gov": n % 2 == 0, "ppp": n % 3 == 0, "soe": n % 5 == 0, "status": "在建", "checks": {},
         "bond": {}} | kept
        for n in range(1, 7)
    ]  # fmt: skip
    cases = []
    for n in range(1, count + 1):
        state = draw.choice(list(CaseState))
        true_one = state not in {CaseState.RECEIVED, CaseState.CHECKING, CaseState.UNFOUNDED}
        accepted = TODAY - timedelta(days=draw.randrange(500))
        closed = accepted + timedelta(days=draw.randrange(60)) if state in CLOSED_CASE else None
        cases.append(
            {
                "id": n,
                "number": f"AJ2026-{n:06d}",
                "employer_id": draw.randrange(1, 8),
                "project_id": draw.choice([None, *range(1, 7)]),
                "region": draw.choice(PLACES),
                "channel": draw.choice(list(Channel)).value,
                "external_no": "",
                "first_receiver": "值班员",
                "summary": draw.choice(["", "塔吊班组", "食堂 50% 工钱"]),
                "tags": draw.sample(TAGS, draw.randrange(3)),
                "accepted_on": accepted,
                "claimed_workers": draw.randrange(1, 90),
                "claimed_migrants": 1,
                "claimed_fen": draw.randrange(10**6, 10**9),
                "verified_workers": draw.randrange(1, 90) if true_one else None,
                "verified_migrants": 1 if true_one else None,
                "verified_fen": draw.randrange(10**6, 10**9) if true_one else None,
                "verified_migrant_fen": 0 if true_one else None,
                "verified_on": accepted if true_one else None,
                "co_units": [],
                "person": draw.choice(["", "李工", "王工"]),
                "deadline": draw.choice([None, TODAY + timedelta(days=draw.randrange(-40, 40))]),
                "major": draw.random() < 0.2,
                "listed": draw.random() < 0.2,
                "escalated": draw.random() < 0.2,
                "recurring": draw.random() < 0.1,
                "state": state.value,
                "closed_on": closed,
                "paid_workers": draw.randrange(9) if true_one else 0,
                "paid_fen": draw.randrange(10**8) if true_one else 0,
                "created_by": "经办",
                **kept,
            }
        )
    return employers, projects, cases


@pytest.fixture
def held(store):
    """A store with 300 cases; the rows as plain dictionaries, joined."""
    employers, projects, cases = rows(300)
    with store.write() as connection:
        connection.execute(insert(t.employer), employers)
        connection.execute(insert(t.project), projects)
        connection.execute(insert(t.wage_case), cases)
    firms, sites = {row["id"]: row for row in employers}, {row["id"]: row for row in projects}
    return store, [row | {"firm": firms[row["employer_id"]], "site": sites.get(row["project_id"])} for row in cases]


def stands(row: dict) -> str:
    """The band, told a second way."""
    if row["state"] in OVER_CASE:
        return "逾期办结" if row["closed_on"] and row["deadline"] and row["deadline"] < row["closed_on"] else "已办结"
    if row["deadline"] is None:
        return "无期限"
    left = (row["deadline"] - TODAY).days
    return "逾期" if left < 0 else "临期" if left <= 3 else "在期"


def is_kind(row: dict, kind: str) -> bool:
    site = row["site"]
    if site is None:
        return kind == "非工程"
    return bool(site.get({"政府投资": "gov", "PPP": "ppp", "国企": "soe"}.get(kind, "")))


WAYS = [
    (Query(), lambda row: True),
    (Query(region="530600"), lambda row: row["region"].startswith("5306")),
    (Query(region="530600", exact=True), lambda row: row["region"] == "530600"),
    (Query(region="530627"), lambda row: row["region"] == "530627"),
    (Query(classes=("建筑企业", "校外培训机构")), lambda row: row["firm"]["class"] in ("建筑企业", "校外培训机构")),
    (Query(industries=("交通",)), lambda row: row["site"] is not None and row["site"]["industry"] == "交通"),
    *((Query(kinds=(kind,)), lambda row, kind=kind: is_kind(row, kind)) for kind in KINDS),
    (Query(channels=("12333", "舆情")), lambda row: row["channel"] in ("12333", "舆情")),
    (Query(states=("查实",)), lambda row: row["state"] == "查实"),
    *((Query(bands=(band,)), lambda row, band=band: stands(row) == band) for band in BANDS),
    (Query(tags=("陈案",)), lambda row: "陈案" in row["tags"]),
    (Query(flags=("重大", "挂牌")), lambda row: row["major"] and row["listed"]),
    (Query(flags=("陈案",)), lambda row: row["state"] not in OVER_CASE and (TODAY - row["accepted_on"]).days > 365),
    (Query(flags=("查实",)), lambda row: row["verified_on"] is not None and row["state"] != "不属实"),
    (Query(person="李工"), lambda row: row["person"] == "李工"),
    (Query(text="50%"), lambda row: "50%" in row["summary"]),
    (Query(text="云岭3号 塔吊"), lambda row: row["firm"]["name"].startswith("云岭3号") and "塔吊" in row["summary"]),
    (Query(text="南坡2"), lambda row: row["site"] is not None and row["site"]["name"].startswith("南坡2")),
    (Query(month="2026-10"), lambda row: row["accepted_on"].isoformat().startswith("2026-10")),
    (
        Query(accepted_from=date(2026, 9, 1), accepted_to=date(2026, 9, 30)),
        lambda row: date(2026, 9, 1) <= row["accepted_on"] <= date(2026, 9, 30),
    ),
    (Query(ids=(3, 5, 900)), lambda row: row["id"] in (3, 5)),
]


def test_every_filter_finds_what_a_reader_of_all_rows_would(held):
    store, cases = held
    with store.read() as connection:
        for query, wanted in WAYS:
            found = register.page(connection, EVERYWHERE, query, today=TODAY, settings=RULES, limit=1000)
            assert {row.id for row in found.rows} == {row["id"] for row in cases if wanted(row)}, query
            assert found.sums.cases == len(found.rows), query
            assert found.sums.claimed_fen == sum(row["claimed_fen"] for row in cases if wanted(row)), query


def test_each_line_says_where_it_stands(held):
    store, cases = held
    known = {row["id"]: row for row in cases}
    with store.read() as connection:
        found = register.page(connection, EVERYWHERE, Query(), today=TODAY, settings=RULES, limit=1000).rows
    assert {row.band for row in found} == set(BANDS)
    for row in found:
        assert row.band == stands(known[row.id])
        assert row.employer == known[row.id]["firm"]["name"]


def test_nobody_sees_a_case_of_another_division(held):
    store, cases = held
    with store.read() as connection:
        for code in ("530600", "530627", "532901"):
            found = register.page(connection, Scope(code), Query(), today=TODAY, settings=RULES, limit=1000)
            stem = code.removesuffix("00")
            mine = [row for row in cases if row["region"].startswith(stem)]
            assert {row.id for row in found.rows} == {row["id"] for row in mine}
            assert found.sums.cases == len(mine)
            others = register.page(connection, Scope(code), Query(region="530102"), today=TODAY, settings=RULES)
            assert others.rows == ()


def test_pages_follow_one_another_in_the_order_asked_for(held):
    store, _ = held
    with store.read() as connection:
        for sort in SORTS:
            for descending in (False, True):
                query = Query(sort=sort, descending=descending)
                whole = register.ids(connection, EVERYWHERE, query, today=TODAY, settings=RULES)
                assert len(set(whole)) == 300
                parts = [
                    row.id
                    for offset in range(0, 300, 40)
                    for row in register.page(
                        connection, EVERYWHERE, query, today=TODAY, settings=RULES, limit=40, offset=offset
                    ).rows
                ]
                assert parts == list(whole)


def test_the_next_deadline_first_those_without_one_after_them_and_what_is_over_last(held):
    store, cases = held
    with store.read() as connection:
        whole = register.ids(connection, EVERYWHERE, Query(), today=TODAY, settings=RULES)
    wanted = sorted(
        cases,
        key=lambda row: (
            row["state"] in OVER_CASE, row["deadline"] is None, row["deadline"] or date.max, row["id"]
        ),
    )  # fmt: skip
    assert list(whole) == [row["id"] for row in wanted]


def test_every_group_leads_to_the_cases_it_counts(held):
    store, _ = held
    with store.read() as connection:
        for dimension in statistics.DIMENSIONS:
            for scope, base in (
                (EVERYWHERE, Query()),
                (Scope("530600"), Query()),
                (EVERYWHERE, Query(region="530600")),
            ):
                groups = statistics.by(connection, scope, base, dimension, today=TODAY, settings=RULES)
                assert groups
                for group in groups:
                    found = register.page(connection, scope, group.query, today=TODAY, settings=RULES)
                    assert found.sums == group.sums, (dimension, group.key)
                if dimension != "项目性质":
                    whole = register.page(connection, scope, base, today=TODAY, settings=RULES).sums
                    assert sum(group.sums.cases for group in groups) == whole.cases, dimension


def test_indicators_by_their_formulas(held):
    store, cases = held
    with store.read() as connection:
        found = statistics.rates(connection, EVERYWHERE, Query(), today=TODAY, settings=RULES)
    true_ones = [row for row in cases if row["verified_on"] and row["state"] != "不属实"]
    closed = [row for row in true_ones if row["state"] in CLOSED_CASE]
    late = [row for row in closed if stands(row) == "逾期办结"]
    overdue = [row for row in cases if stands(row) == "逾期"]
    days = sorted((row["closed_on"] - row["accepted_on"]).days for row in closed)
    middle = len(days) // 2
    assert found.settled == len(closed)
    assert found.settled_rate == pytest.approx(len(closed) / len(true_ones))
    assert found.on_time_rate == pytest.approx((len(closed) - len(late)) / (len(closed) + len(overdue)))
    assert found.mean_days == pytest.approx(sum(days) / len(days))
    assert found.median_days == (days[middle] if len(days) % 2 else (days[middle - 1] + days[middle]) / 2)
    assert found.late_closed == len(late)


def test_a_rate_of_nothing_is_no_rate(store):
    with store.read() as connection:
        found = statistics.rates(connection, EVERYWHERE, Query(), today=TODAY, settings=RULES)
    assert (found.settled_rate, found.on_time_rate, found.paid_rate, found.mean_days) == (None,) * 4


@given(
    some.builds(
        Query,
        text=some.text(alphabet="云岭 %建", max_size=8).map(str.strip),
        region=some.sampled_from(("", "530600", "530627")),
        classes=some.lists(some.sampled_from([str(one) for one in EmployerClass]), unique=True).map(tuple),
        bands=some.lists(some.sampled_from(BANDS), unique=True).map(tuple),
        flags=some.lists(some.sampled_from(FLAGS), unique=True).map(tuple),
        accepted_from=some.none() | some.dates(date(2020, 1, 1), date(2027, 1, 1)),
        month=some.sampled_from(("", "2026-11")),
        employer_id=some.none() | some.integers(0, 10**6),
        ids=some.lists(some.integers(0, 999), max_size=5).map(tuple),
        sort=some.sampled_from(SORTS),
        descending=some.booleans(),
    )
)
def test_a_question_survives_its_way_through_an_address(query):
    assert Query.read(query.params()) == query


@given(some.dictionaries(some.sampled_from(Query.__slots__), some.text(max_size=30)))
def test_no_address_is_an_error(params):
    read = Query.read(params)
    assert Query.read(read.params()) == read


def test_every_order_has_its_column():
    assert set(SORTS) == set(register._SORTED)
    assert asked.MAX_IDS >= 100
    assert replace(Query(), text="x").words() == "关键词：x"


@pytest.mark.parametrize(
    "told", [{"month": "9999-12"}, {"text": "云岭\x00建设"}, {"text": "\ud800"}, {"person": "\x00"}]
)
def test_an_address_nobody_could_have_meant_is_no_error(store, told):
    with store.read() as connection:
        found = register.page(connection, EVERYWHERE, Query.read(told), today=TODAY, settings=RULES)
    assert found.rows == ()
