"""What the law's thresholds suggest on a case (domain.md 3.4), each with its article and the facts that made it fire.

Nothing here decides: a 移送, 失信, 公布 or 处罚 is proposed, says what is still missing, and a person confirms it. The
province's figure for 拒不支付劳动报酬 is not known, thus two bands stand: from the interpretation's lower amount 预警,
from its upper one 达标; config.toml narrows them. Amounts compared are wages still owed; compensation never counts.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from monitors.ledger import workdays
from monitors.ledger.deadlines import of
from monitors.ledger.faults import Fault, fault
from monitors.ledger.model import CaseState, CheckValue, Industry, MeasureType, SuggestionKind
from monitors.settings import Settings

Level = Literal["预警", "达标"]


@dataclass(frozen=True, slots=True)
class Suggested:
    """One proposal. ``rule`` is the article (≤ 120 characters), ``why`` the facts; ``missing`` what is not recorded."""

    kind: SuggestionKind
    level: Level
    rule: str
    why: str
    missing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether a person could confirm it today: over the upper amount, and every precondition on record."""
        return self.level == "达标" and not self.missing


@dataclass(frozen=True, slots=True)
class Article:
    """One item of 《保障农民工工资支付条例》 chapter six: what is fined once the order to mend it has run out.

    ``check`` is the project's check (``model.CHECKS``) that shows it; empty where no check does. Fines in 元, from–to.
    """

    number: str
    check: str
    words: str
    unit_fine: tuple[int, int]
    person_fine: tuple[int, int] | None = None
    stop_work: bool = False

    @property
    def fine_words(self) -> str:
        """The consequence in words: 责令项目停工，并处5万—10万元罚款."""
        stop = "责令项目停工，并" if self.stop_work else ""
        persons = f"，责任人员{_range(self.person_fine)}" if self.person_fine else ""
        return f"{stop}处{_range(self.unit_fine)}罚款{persons}"


def _range(bounds: tuple[int, int]) -> str:
    return f"{bounds[0] // 10_000}万—{bounds[1] // 10_000}万元"


ACT = "《保障农民工工资支付条例》"
ARTICLES: tuple[Article, ...] = (
    Article("第五十四条", "", "以实物抵工资、不编工资台账或扣押工资卡", (20_000, 50_000), (10_000, 30_000)),
    Article("第五十五条第（一）项", "专用账户", "未按规定开设或使用专用账户", (50_000, 100_000), stop_work=True),
    Article("第五十五条第（二）项", "工资保证金", "未按规定存储保证金或提供保函", (50_000, 100_000), stop_work=True),
    Article("第五十五条第（三）项", "实名制", "未实行用工实名制管理", (50_000, 100_000), stop_work=True),
    Article("第五十六条第（四）项", "维权公示", "未实行现场维权信息公示", (50_000, 100_000)),
    Article("第五十七条第（二）项", "工程款拨付", "建设单位未足额拨付人工费用", (50_000, 100_000), stop_work=True),
)
DEFIANCE = "《劳动保障监察条例》第三十条"  # 责令改正拒不改正，或拒不履行行政处理决定: 2000元–2万元
LISTED_SINCE = date(2022, 1, 1)  # 令第45号 applies; before it 人社部规〔2017〕16号
# Kinds of order whose running out without obedience leads further.
ORDERS = (MeasureType.ORDER, MeasureType.PAY_ORDER, MeasureType.DECISION)

_ONE, _MANY = "法释〔2013〕3号第三条第（一）项", "法释〔2013〕3号第三条第（二）项"
_NO_CRIME = "刑事立案前足额支付并承担赔偿责任的，可能不认为是犯罪（第六条）"


def suggestions(
    case: object,
    measures: Iterable[object],
    employer: object,
    *,
    settings: Settings,
    today: date,
    project: object | None = None,
) -> tuple[Suggested, ...]:
    """At most one proposal of each kind; none before the arrears are verified, none for what has been done already.

    Args:
        case: a ``wage_case``.
        measures: its measures.
        employer: the ``employer``; one that is state-owned is said to be so.
        settings: gives the two bands (``ledger.refuse_*``).
        today: the office's day.
        project: the ``project``, whose checks tell which article of the act an unheeded order falls under.
    """
    if not of(case, "verified_fen") or of(case, "state") == CaseState.UNFOUNDED:
        return ()
    measures = tuple(measures)
    done = {MeasureType(of(m, "type")) for m in measures}
    checks = of(project, "checks") if project is not None else {}
    found = (
        None if MeasureType.TRANSFER in done else _transfer(case, measures, settings, today),
        None if MeasureType.BLACKLISTED in done else _blacklist(case, measures, settings, today),
        None if MeasureType.PUBLISHED in done else _publish(case, done, settings),
        _penalty(measures, checks, today),
    )
    owned = "；用人单位为国有企业，同时通报国资监管部门" if of(employer, "state_owned") else ""
    return tuple(Suggested(s.kind, s.level, s.rule, s.why + owned, s.missing) for s in found if s)


def overdue(measures: Iterable[object], types: Sequence[MeasureType], today: date) -> tuple[object, ...]:
    """The orders of ``types`` whose last day has passed and that were not obeyed (逾期不改), oldest first."""
    late = [m for m in measures if of(m, "type") in types and of(m, "due") and of(m, "due") < today]
    return tuple(sorted((m for m in late if not of(m, "done_on")), key=lambda m: of(m, "due")))


def transfer_faults(measures: Iterable[object], today: date, field: str = "type") -> list[Fault]:
    """E10: a transfer to the police rests on an order to pay that has run out unheeded."""
    return [] if overdue(measures, (MeasureType.PAY_ORDER,), today) else [fault("E10", field)]


def owed(case: object) -> int:
    """Wages found true and not yet paid, 分."""
    return max((of(case, "verified_fen") or 0) - (of(case, "paid_fen") or 0), 0)


def amount_reached(
    workers: int, amount_fen: int, first: date | None, last: date | None, settings: Settings
) -> tuple[Level, str, str] | None:
    """The band of 法释〔2013〕3号 art. 3 an amount lies in: level, item, words; None below both lower amounts.

    Item one is about a single worker: where the average reaches the amount, somebody's wages do. It asks for wages of
    ``refuse_one_months``; while the period is not on record it is 预警 at most.
    """
    ledger = settings.ledger
    found: list[tuple[Level, str, str]] = []
    if workers >= ledger.refuse_many_workers and amount_fen >= ledger.refuse_many_yuan[0] * 100:
        enough = amount_fen >= ledger.refuse_many_yuan[1] * 100
        words = f"{workers}人、{yuan(amount_fen)}，{_band(enough, ledger.refuse_many_yuan)}"
        found.append(("达标" if enough else "预警", _MANY, words))
    long_enough = _months_reached(first, last, ledger.refuse_one_months)
    if workers and amount_fen >= ledger.refuse_one_yuan[0] * 100 * workers and long_enough is not False:
        enough = amount_fen >= ledger.refuse_one_yuan[1] * 100 * workers
        period = f"欠薪满{ledger.refuse_one_months}个月" if long_enough else "欠薪起止时段未登记"
        words = f"人均{yuan(amount_fen // workers)}、{period}，{_band(enough, ledger.refuse_one_yuan)}"
        found.append(("达标" if enough and long_enough else "预警", _ONE, words))
    return max(found, key=lambda one: one[0] == "达标", default=None)


def _band(enough: bool, bounds: Sequence[int]) -> str:
    return f"达到上限{bounds[1]:,}元" if enough else f"达到下限{bounds[0]:,}元、未到上限{bounds[1]:,}元"


def _months_reached(first: date | None, last: date | None, months: int) -> bool | None:
    """Whether first–last, both worked, make so many months; None while either is unknown."""
    if not first or not last:
        return None
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    end = date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))
    return last >= end - timedelta(days=1)


def _transfer(case: object, measures: Sequence[object], settings: Settings, today: date) -> Suggested | None:
    left, workers = owed(case), of(case, "verified_workers") or 0
    reached = amount_reached(workers, left, of(case, "period_from"), of(case, "period_to"), settings)
    if not left or not reached:
        return None
    level, rule, words = reached
    why, missing = [f"尚欠工资涉及{words}"], []
    if of(case, "paid_fen"):
        why.append(f"查实{yuan(of(case, 'verified_fen'))}，已支付{yuan(of(case, 'paid_fen'))}")
    late = overdue(measures, (MeasureType.PAY_ORDER,), today)
    orders = [m for m in measures if of(m, "type") == MeasureType.PAY_ORDER]
    if late:
        why.append(f"{_unheeded(late[0])}（第四条）")
    elif orders:
        missing.append("责令支付期限届满仍未支付（第四条）")
    else:
        missing.append("责令支付文书及其期限（第四条）")
    if rule == _ONE and not (of(case, "period_from") and of(case, "period_to")):
        missing.append("欠薪起止时段")
    return Suggested(SuggestionKind.TRANSFER, level, rule, "；".join([*why, _NO_CRIME]), tuple(missing))


def _blacklist(case: object, measures: Sequence[object], settings: Settings, today: date) -> Suggested | None:
    """Migrants' wages that reach the amount, or an event with serious effect; **and** ordered to pay, overdue.

    Decisions from before 2022 follow the rule of 2017: listed within 20 working days of the decision.
    """
    migrants, event = of(case, "verified_migrants") or 0, "群体性" in (of(case, "tags") or ())
    left = min(owed(case), of(case, "verified_migrant_fen") or 0)
    reached = amount_reached(migrants, left, of(case, "period_from"), of(case, "period_to"), settings)
    basis = _listing_basis(measures, today)
    if not migrants or not left or not basis or not (reached or event):
        return None
    why = [f"农民工工资{reached[2]}"] if reached else []
    why += ["案件标记为群体性，须核实是否造成严重不良社会影响"] if event else []
    missing = () if reached else ("“严重不良社会影响”的核实结论",)
    level: Level = reached[0] if reached else "预警"
    return Suggested(SuggestionKind.BLACKLIST, level, basis[0], "；".join([*why, basis[1]]), missing)


def _listing_basis(measures: Sequence[object], today: date) -> tuple[str, str] | None:
    """The rule in force and the fact it asks for, or None where that fact is not on record."""
    decided = [of(m, "on") for m in measures if of(m, "type") in {MeasureType.DECISION, MeasureType.PENALTY}]
    if decided and min(decided) < LISTED_SINCE:
        by = workdays.add_workdays(min(decided), 20)
        return "人社部规〔2017〕16号列入“黑名单”情形", f"处理处罚决定作出后20个工作日内（至{by.isoformat()}）列入"
    late = overdue(measures, (MeasureType.PAY_ORDER,), today) if today >= LISTED_SINCE else ()
    return ("人社部令第45号列入失信联合惩戒名单情形", _unheeded(late[0])) if late else None


def _unheeded(order: object) -> str:
    return f"责令支付文书{_document(order)}期限{of(order, 'due').isoformat()}已过仍未支付"


def _publish(case: object, done: set[MeasureType], settings: Settings) -> Suggested | None:
    """人社部令第29号: large arrears once decided on, and every refusal to pay that went to the police."""
    rule = "《重大劳动保障违法行为社会公布办法》；《保障农民工工资支付条例》第四十七条"
    when = "县级、州市按季度，省级每半年公布，必要时随时公布"
    if MeasureType.TRANSFER in done:
        return Suggested(SuggestionKind.PUBLISH, "达标", rule, f"涉嫌拒不支付劳动报酬，已移送公安机关；{when}")
    if not done & {MeasureType.DECISION, MeasureType.PENALTY}:
        return None
    workers, amount = of(case, "verified_workers") or 0, of(case, "verified_fen")
    reached = amount_reached(workers, amount, of(case, "period_from"), of(case, "period_to"), settings)
    if reached:
        return Suggested(SuggestionKind.PUBLISH, reached[0], rule, f"已作出处理处罚决定，{reached[2]}；{when}")
    if of(case, "major"):
        return Suggested(SuggestionKind.PUBLISH, "预警", rule, f"重大案件，已作出处理处罚决定；{when}")
    return None


def penalty_articles(checks: Mapping[str, Any]) -> tuple[Article, ...]:
    """The articles that a project's checks found wanting (否) fall under; also for an inspection's checks."""
    wanting = {name for name, found in checks.items() if _value(found) == CheckValue.NO}
    return tuple(one for one in ARTICLES if one.check in wanting)


def _value(found: object) -> object:
    return found.get("value") if isinstance(found, Mapping) else found


def _penalty(measures: Sequence[object], checks: Mapping[str, Any], today: date) -> Suggested | None:
    """After 逾期不改 of an order, unless a fine has followed its last day (条例54–57; 监察条例26, 30)."""
    fined = max((of(m, "on") for m in measures if of(m, "type") == MeasureType.PENALTY), default=None)
    late = [m for m in overdue(measures, ORDERS, today) if not fined or fined <= of(m, "due")]
    if not late:
        return None
    why = [f"{of(m, 'type')}文书{_document(m)}期限{of(m, 'due').isoformat()}已过仍未履行" for m in late]
    articles = penalty_articles(checks) if any(of(m, "type") == MeasureType.ORDER for m in late) else ()
    why += [f"{one.words}：{one.fine_words}（{one.number}）" for one in articles]
    if not articles:
        why.append("拒不改正或拒不履行处理决定：处2000元—2万元罚款（《劳动保障监察条例》第三十条）")
    if any(of(m, "type") == MeasureType.PAY_ORDER for m in late):
        why.append("逾期不支付：责令按应付金额50%—100%加付赔偿金（《劳动保障监察条例》第二十六条）")
    rule = ACT + "、".join(_short(articles)) if articles else DEFIANCE
    return Suggested(SuggestionKind.PENALTY, "达标", rule, "；".join(why))


def _short(articles: Sequence[Article]) -> tuple[str, ...]:
    """Each article once, without its items, so that several fit into one line."""
    return tuple(dict.fromkeys(one.number.split("第（")[0] for one in articles))


def _document(measure: object) -> str:
    return f"（{of(measure, 'doc_no')}）" if of(measure, "doc_no") else ""


def yuan(fen: int) -> str:
    """An amount in words of money: 140,000元, 1,234.50元."""
    whole, rest = divmod(fen, 100)
    return f"{whole:,}.{rest:02d}元" if rest else f"{whole:,}元"


LABOUR, STATE_ASSETS = "人力资源社会保障部门", "国资监管部门"
_SUPERVISORS = {
    Industry.HOUSING: "住房城乡建设部门",
    Industry.TRANSPORT: "交通运输部门",
    Industry.WATER: "水利部门",
}


def lead_unit(project: object | None, employer: object) -> tuple[str, tuple[str, ...]]:
    """Who leads and who helps (R4): state-owned → 国资监管, with the industry's department; a project's industry; 人社.

    A suggestion: whoever registers the case may choose otherwise, and the history shows it.
    """
    trade = _SUPERVISORS.get(Industry(of(project, "industry"))) if project is not None else None
    owned = of(employer, "state_owned") or (project is not None and of(project, "soe"))
    in_line = [STATE_ASSETS] if owned else []
    in_line += [trade] if trade else []
    lead, *rest = [*in_line, LABOUR]
    return lead, tuple(rest)
