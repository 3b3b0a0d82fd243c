"""What the law suggests: both bands, the preconditions, the lists, the fines; and who leads a case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import settings as settings_module
from monitors.ledger.law import (
    ARTICLES,
    Suggested,
    amount_reached,
    lead_unit,
    overdue,
    owed,
    penalty_articles,
    suggestions,
    transfer_faults,
    yuan,
)
from monitors.ledger.model import CHECKS, CaseState, CheckValue, Industry, MeasureType, SuggestionKind
from monitors.store import tables as t

SETTINGS = settings_module.load(environ={})
D = date
TODAY = D(2026, 11, 23)


@dataclass(frozen=True)
class Case:
    """Twelve migrants, 140,000 yuan: journey 8 of the specification."""

    state: str = CaseState.ORDERED
    verified_workers: int | None = 12
    verified_migrants: int | None = 12
    verified_fen: int | None = 140_000_00
    verified_migrant_fen: int | None = 140_000_00
    paid_workers: int = 0
    paid_fen: int = 0
    period_from: date | None = date(2026, 6, 1)
    period_to: date | None = date(2026, 8, 31)
    tags: tuple[str, ...] = ()
    major: bool = False


@dataclass(frozen=True)
class Measure:
    type: str
    on: date = date(2026, 10, 20)
    due: date | None = None
    doc_no: str = "示例〔2026〕1号"
    done_on: date | None = None


@dataclass(frozen=True)
class Employer:
    state_owned: bool = False


@dataclass(frozen=True)
class Project:
    industry: str = Industry.HOUSING
    soe: bool = False
    checks: dict = field(default_factory=dict)


PAY = Measure(MeasureType.PAY_ORDER, D(2026, 11, 2), due=D(2026, 11, 12))


def suggested(
    case: Case, *measures: Measure, employer=None, today=TODAY, project=None
) -> dict[SuggestionKind, Suggested]:
    found = suggestions(case, measures, employer or Employer(), settings=SETTINGS, today=today, project=project)
    assert len({s.kind for s in found}) == len(found)
    assert all(len(s.rule) <= t.suggestion.c.rule.type.length for s in found)
    return {s.kind: s for s in found}


def test_ordered_and_unpaid_over_the_upper_amount_is_ready_to_be_transferred():
    found = suggested(Case(), PAY)[SuggestionKind.TRANSFER]
    assert found.ready
    assert found.rule == "法释〔2013〕3号第三条第（二）项"
    assert "12人、140,000元" in found.why
    assert "期限2026-11-12已过仍未支付" in found.why
    assert "刑事立案前足额支付" in found.why


# Ten workers or more together: nothing below 30,000, 预警 up to 100,000, 达标 from there. Too short for item one.
@pytest.mark.parametrize(
    ("workers", "amount", "level"),
    [
        (10, 29_999_99, None), (10, 30_000_00, "预警"), (10, 99_999_99, "预警"), (10, 100_000_00, "达标"),
        (9, 100_000_00, None),
    ],
)  # fmt: skip
def test_the_band_for_ten_workers(workers, amount, level):
    found = amount_reached(workers, amount, D(2026, 6, 1), D(2026, 7, 31), SETTINGS)
    assert (found[0] if found else None) == level


# One worker: three months' wages of 5,000 to 20,000.
@pytest.mark.parametrize(
    ("amount", "first", "last", "level"),
    [
        (4_999_99, D(2026, 6, 1), D(2026, 8, 31), None),
        (5_000_00, D(2026, 6, 1), D(2026, 8, 31), "预警"),
        (19_999_99, D(2026, 6, 1), D(2026, 8, 31), "预警"),
        (20_000_00, D(2026, 6, 1), D(2026, 8, 31), "达标"),
        (20_000_00, D(2026, 6, 1), D(2026, 8, 30), None),
        (20_000_00, D(2026, 11, 30), D(2027, 2, 27), "达标"),
        (20_000_00, None, D(2026, 8, 31), "预警"),
    ],
)
def test_the_band_for_one_worker(amount, first, last, level):
    found = amount_reached(1, amount, first, last, SETTINGS)
    assert (found[0] if found else None) == level


def test_the_provinces_figure_narrows_the_band():
    ledger = SETTINGS.ledger.model_copy(update={"refuse_many_yuan": [60_000, 60_000], "refuse_many_workers": 5})
    local = SETTINGS.model_copy(update={"ledger": ledger})
    assert amount_reached(5, 59_999_99, None, None, local)[1].endswith("第（一）项")
    assert amount_reached(5, 60_000_00, None, None, local)[0] == "达标"


def test_what_is_missing_before_a_transfer_is_said():
    nothing = suggested(Case())[SuggestionKind.TRANSFER]
    assert nothing.level == "达标"
    assert not nothing.ready
    assert nothing.missing == ("责令支付文书及其期限（第四条）",)
    running = suggested(Case(), replace(PAY, due=TODAY))[SuggestionKind.TRANSFER]
    assert running.missing == ("责令支付期限届满仍未支付（第四条）",)
    alone = Case(verified_workers=1, verified_fen=20_000_00, period_to=None)
    assert "欠薪起止时段" in suggested(alone, PAY)[SuggestionKind.TRANSFER].missing


def test_what_was_paid_no_longer_counts_and_paid_in_full_suggests_nothing():
    partly = suggested(Case(paid_workers=5, paid_fen=80_000_00), PAY)[SuggestionKind.TRANSFER]
    assert (partly.level, partly.ready) == ("预警", False)
    assert "查实140,000元，已支付80,000元" in partly.why
    paid = suggested(Case(paid_workers=12, paid_fen=140_000_00), replace(PAY, done_on=D(2026, 11, 20)))
    assert paid == {}
    assert owed(Case(paid_fen=150_000_00)) == 0


def test_nothing_is_suggested_before_verification_or_on_what_proved_untrue():
    unknown = Case(verified_workers=None, verified_migrants=None, verified_fen=None, verified_migrant_fen=None)
    assert suggested(unknown, PAY) == {}
    assert suggested(Case(state=CaseState.UNFOUNDED), PAY) == {}


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        (SuggestionKind.TRANSFER, MeasureType.TRANSFER),
        (SuggestionKind.BLACKLIST, MeasureType.BLACKLISTED),
        (SuggestionKind.PUBLISH, MeasureType.PUBLISHED),
    ],
)
def test_what_has_been_done_is_not_suggested_again(kind, done):
    ground = (PAY, Measure(MeasureType.DECISION))
    assert kind in suggested(Case(), *ground)
    assert kind not in suggested(Case(), *ground, Measure(done, TODAY))


def test_e10_a_transfer_rests_on_an_order_to_pay_that_ran_out():
    assert [f.code for f in transfer_faults([], TODAY)] == ["E10"]
    assert [f.code for f in transfer_faults([replace(PAY, due=TODAY)], TODAY)] == ["E10"]
    assert [f.code for f in transfer_faults([replace(PAY, due=None)], TODAY)] == ["E10"]
    assert [f.code for f in transfer_faults([replace(PAY, done_on=D(2026, 11, 10))], TODAY)] == ["E10"]
    assert [f.code for f in transfer_faults([replace(PAY, type=MeasureType.ORDER)], TODAY)] == ["E10"]
    assert transfer_faults([PAY], TODAY) == []
    assert transfer_faults([PAY], D(2026, 11, 13)) == []


def test_the_list_needs_the_amount_and_the_order_that_ran_out():
    listed = suggested(Case(), PAY)[SuggestionKind.BLACKLIST]
    assert listed.ready
    assert "第45号" in listed.rule
    assert SuggestionKind.BLACKLIST not in suggested(Case())
    assert SuggestionKind.BLACKLIST not in suggested(Case(), replace(PAY, due=TODAY))
    assert SuggestionKind.BLACKLIST not in suggested(Case(verified_migrants=0, verified_migrant_fen=0), PAY)
    assert suggested(Case(verified_migrant_fen=60_000_00), PAY)[SuggestionKind.BLACKLIST].level == "预警"


def test_a_group_event_may_list_below_the_amount_once_its_effect_is_checked():
    small = Case(verified_workers=8, verified_migrants=8, verified_fen=9_000_00, verified_migrant_fen=9_000_00)
    assert SuggestionKind.BLACKLIST not in suggested(small, PAY)
    group = suggested(replace(small, tags=("群体性",)), PAY)[SuggestionKind.BLACKLIST]
    assert (group.level, group.ready) == ("预警", False)
    assert "严重不良社会影响" in group.missing[0]


def test_decisions_before_2022_follow_the_rule_of_2017():
    order = Measure(MeasureType.PAY_ORDER, D(2021, 11, 10), due=D(2021, 11, 20))
    winter = D(2021, 12, 20)
    assert SuggestionKind.BLACKLIST not in suggested(Case(), order, today=winter)
    decided = suggested(Case(), order, Measure(MeasureType.DECISION, D(2021, 12, 1)), today=winter)
    assert "人社部规〔2017〕16号" in decided[SuggestionKind.BLACKLIST].rule
    assert "至2021-12-29" in decided[SuggestionKind.BLACKLIST].why  # twenty working days after 12-01
    later = suggested(Case(), order, today=D(2022, 1, 4))
    assert "第45号" in later[SuggestionKind.BLACKLIST].rule


def test_publication_follows_a_decision_on_large_arrears_or_a_transfer():
    assert SuggestionKind.PUBLISH not in suggested(Case(), PAY)
    assert suggested(Case(), Measure(MeasureType.DECISION))[SuggestionKind.PUBLISH].level == "达标"
    assert "移送公安" in suggested(Case(), Measure(MeasureType.TRANSFER))[SuggestionKind.PUBLISH].why
    small = Case(verified_workers=2, verified_fen=3_000_00)
    assert SuggestionKind.PUBLISH not in suggested(small, Measure(MeasureType.PENALTY))
    assert suggested(replace(small, major=True), Measure(MeasureType.PENALTY))[SuggestionKind.PUBLISH].level == "预警"
    # Publication is about what was done, not about what is still owed.
    assert SuggestionKind.PUBLISH in suggested(Case(paid_fen=140_000_00), Measure(MeasureType.DECISION))


ORDER = Measure(MeasureType.ORDER, D(2026, 11, 2), due=D(2026, 11, 12))


def wanting(*names: str) -> Project:
    return Project(checks={name: {"value": "否" if name in names else "是", "on": "2026-11-01"} for name in CHECKS})


@pytest.mark.parametrize(
    ("check", "article", "consequence"),
    [
        ("专用账户", "第五十五条", "责令项目停工，并处5万—10万元罚款"),
        ("工资保证金", "第五十五条", "责令项目停工，并处5万—10万元罚款"),
        ("实名制", "第五十五条", "责令项目停工，并处5万—10万元罚款"),
        ("维权公示", "第五十六条", "：处5万—10万元罚款"),
        ("工程款拨付", "第五十七条", "责令项目停工，并处5万—10万元罚款"),
    ],
)
def test_an_unheeded_order_on_a_project_falls_under_its_article(check, article, consequence):
    found = suggested(Case(), ORDER, project=wanting(check))[SuggestionKind.PENALTY]
    assert found.rule.endswith(article)
    assert consequence in found.why
    assert article in found.why


def test_articles_of_several_failures_stand_in_one_line():
    found = suggested(Case(), ORDER, project=wanting(*CHECKS))[SuggestionKind.PENALTY]
    assert found.rule == "《保障农民工工资支付条例》第五十五条、第五十六条、第五十七条"


def test_an_order_without_a_project_falls_under_the_inspection_regulation():
    for project in (None, wanting(), wanting("总包代发")):
        found = suggested(Case(), ORDER, project=project)[SuggestionKind.PENALTY]
        assert found.rule == "《劳动保障监察条例》第三十条"
        assert "2000元—2万元" in found.why
    paying = suggested(Case(), PAY)[SuggestionKind.PENALTY]
    assert "50%—100%加付赔偿金" in paying.why


def test_no_fine_before_the_order_ran_out_or_once_obeyed_or_fined():
    for measures in (
        [replace(ORDER, due=TODAY)],
        [replace(ORDER, due=None)],
        [replace(ORDER, done_on=D(2026, 11, 20))],
        [ORDER, Measure(MeasureType.PENALTY, D(2026, 11, 13))],
    ):
        assert SuggestionKind.PENALTY not in suggested(Case(), *measures)
    again = [ORDER, Measure(MeasureType.PENALTY, D(2026, 11, 5))]
    assert SuggestionKind.PENALTY in suggested(Case(), *again)  # fined for something earlier


def test_overdue_orders_come_oldest_first():
    newer = replace(ORDER, due=D(2026, 11, 20))
    assert overdue([newer, ORDER], (MeasureType.ORDER,), TODAY) == (ORDER, newer)


def test_every_check_named_by_an_article_is_one_of_the_model():
    assert {one.check for one in ARTICLES if one.check} <= set(CHECKS)
    first = ARTICLES[0]
    assert first.fine_words == "处2万—5万元罚款，责任人员1万—3万元"
    assert penalty_articles({"实名制": CheckValue.NO, "专用账户": {"value": "不适用"}}) == (ARTICLES[3],)


def test_a_state_owned_employer_is_said_to_be_one():
    for found in suggested(Case(), PAY, employer=Employer(state_owned=True)).values():
        assert found.why.endswith("同时通报国资监管部门")
    assert "国资" not in suggested(Case(), PAY)[SuggestionKind.TRANSFER].why


@given(
    verified=st.integers(1, 10**9), paid=st.integers(0, 10**9), workers=st.integers(1, 5000),
    more=st.integers(0, 10**9), late=st.booleans(),
)  # fmt: skip
def test_owing_more_never_suggests_less(verified, paid, workers, more, late):
    order = PAY if late else replace(PAY, due=TODAY)

    def rank(fen: int) -> int:
        case = Case(verified_workers=workers, verified_fen=fen, verified_migrant_fen=fen, paid_fen=paid)
        found = suggested(case, order).get(SuggestionKind.TRANSFER)
        return 0 if not found else 1 if found.level == "预警" else 2

    assert rank(verified) <= rank(verified + more)
    assert paid < verified or rank(verified) == 0


@pytest.mark.parametrize(
    ("project", "employer", "lead", "helpers"),
    [
        (Project(Industry.HOUSING), Employer(), "住房城乡建设部门", ("人力资源社会保障部门",)),
        (Project(Industry.TRANSPORT), Employer(), "交通运输部门", ("人力资源社会保障部门",)),
        (Project(Industry.WATER), Employer(), "水利部门", ("人力资源社会保障部门",)),
        (Project(Industry.OTHER), Employer(), "人力资源社会保障部门", ()),
        (None, Employer(), "人力资源社会保障部门", ()),
        (Project(Industry.WATER, soe=True), Employer(), "国资监管部门", ("水利部门", "人力资源社会保障部门")),
        (Project(Industry.HOUSING), Employer(True), "国资监管部门", ("住房城乡建设部门", "人力资源社会保障部门")),
        (None, Employer(True), "国资监管部门", ("人力资源社会保障部门",)),
    ],
)
def test_who_leads(project, employer, lead, helpers):
    assert lead_unit(project, employer) == (lead, helpers)


def test_money_in_words():
    assert (yuan(140_000_00), yuan(1_234_50), yuan(5)) == ("140,000元", "1,234.50元", "0.05元")
