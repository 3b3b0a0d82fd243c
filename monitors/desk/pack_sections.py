"""What the evidence pack says, sentence by sentence, each made from stored facts and citing them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from monitors.clock import local, stamp
from monitors.desk.pack import CORE_CHARS, Linked, Material, PackKind, Section, Sentence
from monitors.opinion.board import elapsed_words
from monitors.opinion.dossier import ReportView
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, STANCE_NAMES

_FEN_PER_YUAN, _FEN_PER_WAN = 100, 1_000_000
_QUOTES = 5  # reports quoted one by one
_QUOTE_CHARS = 90
_ENDS = re.compile("[。！？!?\n]")
_MATERIAL_ACTS = ("死亡", "受伤", "高空", "跳楼", "服毒", "扬言", "堵路", "围堵", "打砸", "聚集", "停工")


def core(m: Material) -> tuple[Sentence, ...]:
    """核心研判: the most telling sentences that fit into ``CORE_CHARS`` characters together."""
    kept: list[Sentence] = []
    length = 0
    for one in _core(m):
        if length + len(one.text) <= CORE_CHARS:
            kept.append(one)
            length += len(one.text)
    return tuple(kept)


def sections(m: Material, kind: PackKind) -> tuple[Section, ...]:
    """The pack's sections in the order of domain.md 4.4; a 快报 has those that cannot wait."""
    course = Section("一、事件经过", tuple(_course(m)))
    handling = tuple(_handling(m))
    if kind == "快报":
        return (course, Section("二、处置情况", handling), Section("三、下一步", tuple(_advice(m))))
    return (
        course,
        Section("二、传播情况", tuple(_spread(m))),
        Section("三、主要观点", tuple(_views(m)), "报道中没有可以引用的观点。"),
        Section("四、处置情况", handling),
        Section("五、风险研判", tuple(_risks(m)), "研判未发现突出风险。"),
        Section("六、工作建议", tuple(_advice(m)), "没有尚待办理的事项。"),
    )


# ── the sections ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _core(m: Material) -> Iterator[Sentence]:
    story, alert = m.story, m.alert
    facts = [f"涉及 {story.workers:,} 人" if story.workers is not None else ""]
    facts.append(f"金额 {money(story.amount_fen)}" if story.amount_fen is not None else "")
    told = "，".join(word for word in facts if word)
    where = story.place if story.place != "未定位" else "地点未定"
    if m.reports:
        words = f"{stamp(story.first_published_at)}，{story.first_outlet}首发报道，反映{where}欠薪"
        yield Sentence(f"{words}，{told}。" if told else f"{words}。", (m.reports[0][0], "研判"))
    level = LEVEL_NAMES.get(str(alert.level), str(alert.level))
    yield Sentence(f"内部预警级别 {level}，研判得分 {story.score}，现为“{alert.state}”。", ("研判", _last_record(m)))
    if m.reports:
        yield Sentence(f"截至 {stamp(m.now)}，{story.outlets} 家媒体报道 {story.items} 篇。", ("监测",))
        yield Sentence(f"报道立场以“{_leading_stance(m)}”为主。", m.every_report)
    if alert.verified:
        yield Sentence(f"经核查：{_closed(str(alert.verified))}", (_record_of(m, "处置中"),))
    for one in m.linked:
        if one.kind == "case":
            yield Sentence(f"已关联台账案件 {one.number}（{one.state}）。", (one.key,))


def _course(m: Material) -> Iterator[Sentence]:
    steps: list[tuple[datetime, Sentence]] = []
    for key, view in m.reports[:20]:
        steps.append(
            (view.published_at, Sentence(f"{stamp(view.published_at)}，{view.outlet}发布《{_title(view)}》。", (key,)))
        )
    if m.reports:
        key, found = min(m.reports, key=lambda one: one[1].fetched_at)
        words = f"{stamp(found.fetched_at)}，本系统采集到报道（{found.outlet}）。"
        steps.append((found.fetched_at, Sentence(words, (key, "监测"))))
    steps += [
        (at, Sentence(f"{stamp(at)}，{_closed(words)}", (key,))) for key, at, words in m.events if _is_course(words)
    ]
    for _, one in sorted(steps, key=lambda step: step[0]):
        yield one
    if m.story.notes:
        for note in m.story.notes:
            yield Sentence(f"各报道说法不一：{_closed(note)}", (*m.every_report, "研判") if m.reports else ("研判",))


def _spread(m: Material) -> Iterator[Sentence]:
    story = m.story
    if not m.reports:
        return
    yield Sentence(
        f"截至 {stamp(m.now)}，共采集报道 {story.items} 篇，来自 {story.outlets} 家媒体。", ("监测", *m.every_report)
    )
    outlets = Counter(view.outlet for _, view in m.reports)
    named = "、".join(f"{name} {number} 篇" for name, number in outlets.most_common(8))
    more = f"等 {len(outlets)} 家" if len(outlets) > 8 else ""
    yield Sentence(f"按媒体：{named}{more}。", m.every_report)
    hours = Counter(local(view.published_at).replace(minute=0, second=0, microsecond=0) for _, view in m.reports)
    peak, number = max(hours.items(), key=lambda one: (one[1], one[0]))
    if number > 1:
        yield Sentence(f"发布最集中的一小时为 {peak:%Y-%m-%d %H} 时，{number} 篇。", m.every_report)
    latest = max(m.reports, key=lambda one: one[1].published_at)
    yield Sentence(f"最近一篇发布于 {stamp(latest[1].published_at)}（{latest[1].outlet}）。", (latest[0],))
    for part in story.parts:
        if part.code in ("M", "G"):
            yield Sentence(f"传播研判：{part.why}（{part.points:+d} 分）。", ("研判",))


def _views(m: Material) -> Iterator[Sentence]:
    stances = Counter(STANCE_NAMES.get(view.stance, view.stance) for _, view in m.reports)
    if stances:
        told = "，".join(f"{name} {number} 篇" for name, number in stances.most_common())
        yield Sentence(f"按报道立场：{told}。", m.every_report)
    said: set[str] = set()
    for key, view in m.reports:
        words = quote(view)
        if words and words not in said and len(said) < _QUOTES:
            said.add(words)
            yield Sentence(f"{view.outlet}称：“{words}”。", (key,))


def _handling(m: Material) -> Iterator[Sentence]:
    alert = m.alert
    if alert.signed_at is not None:
        took = _between(alert.opened_at, alert.signed_at)
        words = f"{stamp(alert.signed_at)}，{alert.signed_by}签收，距本系统发现 {took}。"
        yield Sentence(words, (_record_of(m, "已签收"),))
    if alert.unit or alert.person:
        due = f"，要求 {stamp(alert.check_due_at)} 前查清" if alert.check_due_at else ""
        yield Sentence(f"转{alert.unit}{alert.person}核查{due}。", (_record_of(m, "核查中"),))
    if alert.verified:
        people = f"，查实 {alert.verified_workers:,} 人" if alert.verified_workers is not None else ""
        sum_ = f"、{money(alert.verified_fen)}" if alert.verified_fen is not None else ""
        yield Sentence(f"核查情况：{str(alert.verified).rstrip('。；')}{people}{sum_}。", (_record_of(m, "处置中"),))
    for one in m.linked:
        yield Sentence(_linked_words(one), (one.key,))
    for key, row in m.responses:
        yield Sentence(f"{stamp(row.published_at)}，经{row.approver}批准，在{row.channel}发布{row.kind}。", (key,))
    if alert.no_response and alert.state == "已办结":
        yield Sentence(f"未对外回应，理由：{_closed(str(alert.no_response))}", (_record_of(m, "已办结"),))
    if alert.result and alert.state == "已办结":
        yield Sentence(f"办理结果：{_closed(str(alert.result))}", (_record_of(m, "已办结"),))
    for key, at, words in m.events:
        if "处置进展" in words:
            yield Sentence(f"{stamp(at)}，{_closed(words)}", (key,))


def _risks(m: Material) -> Iterator[Sentence]:
    story = m.story
    for part in story.parts:
        if part.code == "E" and any(word in part.why for word in _MATERIAL_ACTS):
            yield Sentence(f"报道涉及“{part.why}”，存在现场安全和秩序风险。", (*m.every_report, "研判"))
        elif part.code == "G":
            yield Sentence(f"传播仍在上升：{part.why}。", ("研判",))
        elif part.code == "B" and part.points > 0:
            yield Sentence(f"需留意的背景：{part.why}。", ("研判",))
    for floor in story.floors:
        yield Sentence(f"级别下限依据：{_closed(floor)}", ("研判",))
    if m.reports and not any(view.stance == "resolved" for _, view in m.reports):
        yield Sentence("所列报道均未说明工资已经付清。", m.every_report)
    yield from _open_risks(m)


def _open_risks(m: Material) -> Iterator[Sentence]:
    """Limits that have passed, and wages found owed and not paid."""
    for name, due, source in _limits(m):
        if due < m.now:
            yield Sentence(f"{name}已超过时限 {_between(due, m.now)}（{stamp(due)}）。", (source,))
    for one in m.linked:
        if one.verified_fen and (one.paid_fen or 0) < one.verified_fen:
            yield Sentence(
                f"案件 {one.number} 查实后尚欠 {money(one.verified_fen - (one.paid_fen or 0))}。", (one.key,)
            )


def _advice(m: Material) -> Iterator[Sentence]:
    alert = m.alert
    if alert.state in CLOSED_STATES:
        return
    for name, due, source in _limits(m):
        if due >= m.now:
            yield Sentence(f"建议于 {stamp(due)} 前完成{name}，尚余 {_between(m.now, due)}。", (source,))
        else:
            yield Sentence(f"建议立即完成{name}。", (source,))
    if not m.linked:
        yield Sentence("尚未关联台账记录，建议核对后关联案件，或登记为线索、案件。", (_last_record(m),))
    for one in m.linked:
        if one.kind == "case" and one.verified_fen and (one.paid_fen or 0) < one.verified_fen:
            yield Sentence(f"建议督促案件 {one.number} 的责任单位尽快支付到位。", (one.key,))


# ── parts of them ────────────────────────────────────────────────────────────────────────────────────────────────────
def _limits(m: Material) -> Iterator[tuple[str, datetime, str]]:
    """What is still to be done by when: its name, the limit and the source that sets it."""
    alert = m.alert
    if alert.state in CLOSED_STATES:
        return
    if alert.signed_at is None:
        yield "签收", alert.sign_due_at, "时限"
    if alert.leader_due_at is not None and alert.leader_told_at is None:
        yield "报告带班领导", alert.leader_due_at, "时限"
    if alert.fact_due_at is not None and alert.fact_at is None:
        yield "核查事实", alert.fact_due_at, "时限"
    if alert.update_due_at is not None:
        yield "处置进展报告", alert.update_due_at, "时限"
    if not m.responses and not alert.no_response:
        grave = alert.level in ("I", "II")
        yield "发布权威信息" if grave else "公开回应", alert.public_due_at, "80号文" if grave else "61号文"
    held = any(row.kind == "发布会" for _, row in m.responses)
    if alert.conference_due_at is not None and not held and not alert.no_response:
        yield "新闻发布会", alert.conference_due_at, "61号文"


def _linked_words(one: Linked) -> str:
    if one.kind == "clue":
        return f"已登记线索 {one.number}，现为“{one.state}”。"
    if one.verified_fen is None:
        claimed = money(one.claimed_fen) if one.claimed_fen is not None else "金额未报"
        return (
            f"已关联案件 {one.number}，现为“{one.state}”，诉求 {one.claimed_workers or 0:,} 人、{claimed}，尚未查实。"
        )
    return (
        f"已关联案件 {one.number}，现为“{one.state}”，"
        f"查实 {one.verified_workers or 0:,} 人、{money(one.verified_fen)}，已支付 {money(one.paid_fen or 0)}。"
    )


def quote(view: ReportView) -> str:
    """The sentence of the report that speaks most plainly of wages, in its own words; ``""`` where none is marked."""
    if view.text_removed or not view.text:
        return ""
    spans = [
        one
        for one in view.evidence
        if one.field == "text" and one.about in ("relevance", "stance", "workers", "amount")
    ]
    if not spans:
        return ""
    best = min(spans, key=lambda one: (one.about not in ("stance", "relevance"), one.start))
    before = [found.end() for found in _ENDS.finditer(view.text, 0, best.start)]
    after = _ENDS.search(view.text, best.end)
    words = view.text[before[-1] if before else 0 : after.start() if after else len(view.text)].strip(' 　\t\r“”"')
    return words if len(words) <= _QUOTE_CHARS else f"{words[: _QUOTE_CHARS - 1]}…"


def money(fen: int | None) -> str:
    """``8,500 元``, ``12.60 万元``; whole 分 are never rounded away below 万元."""
    if fen is None:
        return "未知"
    if abs(fen) < _FEN_PER_WAN:
        return f"{fen / _FEN_PER_YUAN:,.2f}".removesuffix(".00") + " 元"
    return f"{fen / _FEN_PER_WAN:,.2f} 万元"


def _between(start: datetime, end: datetime) -> str:
    return elapsed_words(max(timedelta(0), end - start).total_seconds())


def _leading_stance(m: Material) -> str:
    stance, _ = Counter(view.stance for _, view in m.reports).most_common(1)[0]
    return STANCE_NAMES.get(stance, stance)


def _closed(words: str) -> str:
    return words if words.endswith(("。", "！", "？")) else f"{words.rstrip('；;，, ')}。"


def _title(view: ReportView) -> str:
    return view.title.strip() or "（无标题）"


def _is_course(words: str) -> bool:
    return "处置进展" not in words


def _last_record(m: Material) -> str:
    return m.events[-1][0] if m.events else "研判"


def _record_of(m: Material, state: str) -> str:
    """The record that last brought the alert into ``state``; the last one of all where none says so."""
    return next((key for key, _, words in reversed(m.events) if f"→ {state}" in words), _last_record(m))
