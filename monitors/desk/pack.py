"""The evidence pack of an alert (专报, 快报; domain.md 4.4): sections of sentences, each with the source it rests on.

Nothing is written here that is not stored: a sentence without a source cannot be made. What the pack says is put
together from public reports and our own records; the named person who signs it decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.errors import InputError, RefusedError
from monitors.opinion import dossier
from monitors.opinion.board import elapsed_words, short_place
from monitors.opinion.dossier import Dossier, ReportView
from monitors.opinion.model import LEVEL_NAMES
from monitors.settings import Clock, Settings
from monitors.store import tables as t

PackKind = Literal["专报", "快报"]
PACK_KINDS: tuple[PackKind, ...] = ("专报", "快报")
CORE_CHARS = 200  # 核心研判, domain.md 4.4
REPORTS = 200  # listed one by one; a larger spread is counted


@dataclass(frozen=True, slots=True)
class Source:
    """What a sentence may rest on. ``key`` is how it is cited, ``words`` what it is, ``url`` where it can be read."""

    key: str
    words: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and the keys of its sources.

    Raises:
        ValueError: without words or without a source.
    """

    text: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.text.strip() or not self.sources:
            raise ValueError("a sentence needs words and a source")


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and its sentences; ``empty`` is said where there is none."""

    title: str
    sentences: tuple[Sentence, ...]
    empty: str = "暂无。"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One report in the annex. ``digest``: SHA-256 of title, line feed and text as they were captured (masked)."""

    key: str
    title: str
    outlet: str
    published_at: datetime
    fetched_at: datetime
    url: str
    digest: str


@dataclass(frozen=True, slots=True)
class Pack:
    """The whole pack. ``core`` is at most ``CORE_CHARS`` characters; ``left_out`` reports are counted, not listed.

    ``region`` is the story's six-digit division code.
    """

    kind: PackKind
    number: str
    title: str
    level: str
    office: str
    telephone: str
    made_at: datetime
    by: str
    core: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    reports: tuple[ReportLine, ...]
    left_out: int
    sources: tuple[Source, ...]
    region: str
    demo: bool

    @property
    def name(self) -> str:
        """What stands at the head: ``欠薪舆情专报``."""
        return f"欠薪舆情{self.kind}"


@dataclass(frozen=True, slots=True)
class Linked:
    """A ledger record that stands linked to the alert. Money in 分, None where nothing was verified."""

    key: str
    number: str
    kind: str
    state: str
    claimed_workers: int | None
    claimed_fen: int | None
    verified_workers: int | None
    verified_fen: int | None
    paid_fen: int | None


@dataclass(frozen=True, slots=True)
class Material:
    """Everything the sentences are made of, read in one snapshot."""

    alert: Row[Any]
    story: Dossier
    reports: tuple[tuple[str, ReportView], ...]  # with the key each is cited by
    digests: dict[int, str]
    events: tuple[tuple[str, datetime, str], ...]  # key, when, in words
    responses: tuple[tuple[str, Row[Any]], ...]
    linked: tuple[Linked, ...]
    settings: Settings
    now: datetime

    @property
    def every_report(self) -> tuple[str, ...]:
        """The keys to cite for what all reports say together: first and last of a long row."""
        keys = tuple(key for key, _ in self.reports)
        return keys if len(keys) <= 4 else (f"{keys[0]}—{keys[-1].removeprefix('报道')}",)


def build(
    connection: Connection, actor: Actor, number: str, kind: PackKind, *, settings: Settings, now: datetime
) -> Pack:
    """The pack of the alert ``number`` as the actor may see it.

    Raises:
        RefusedError: the role may not export, or the alert lies outside the actor's region.
        InputError: there is no such alert.
    """
    from monitors.desk import pack_sections  # noqa: PLC0415 - it needs the types above

    actor.require("story.export", kind="alert", target=number)
    material = _material(connection, actor, number, settings=settings, now=now)
    story = material.story
    reports = tuple(
        ReportLine(
            key, view.title, view.outlet, view.published_at, view.fetched_at, view.url, material.digests[view.id]
        )
        for key, view in material.reports
    )
    core, sections = pack_sections.core(material), pack_sections.sections(material, kind)
    cited = {key for one in (*core, *(s for section in sections for s in section.sentences)) for key in one.sources}
    return Pack(
        kind=kind,
        number=number,
        title=story.title,
        level=LEVEL_NAMES.get(str(material.alert.level), str(material.alert.level)),
        office=settings.site.office,
        telephone=settings.site.telephone,
        made_at=now,
        by=actor.display,
        core=core,
        sections=sections,
        reports=reports,
        left_out=max(0, story.items - len(reports)),
        sources=tuple(one for one in _sources(material) if one.key in cited),
        region=story.region,
        demo=story.demo,
    )


def _material(connection: Connection, actor: Actor, number: str, *, settings: Settings, now: datetime) -> Material:
    alert = connection.execute(select(t.alert).where(t.alert.c.number == number)).one_or_none()
    if alert is None:
        raise InputError(f"没有警情 {number}")
    story = dossier.read(connection, actor, alert.story_id, reports=REPORTS)
    if story is None:
        raise RefusedError(dossier.MISSING, action="story.view", kind="alert", target=number)
    reports = tuple((f"报道{place}", view) for place, view in enumerate(story.reports, start=1))
    ids = [view.id for _, view in reports]
    digests = connection.execute(select(t.item.c.id, t.item.c.text_hash).where(t.item.c.id.in_(ids)))
    events = connection.execute(
        select(t.alert_event)
        .where(t.alert_event.c.alert_id == alert.id)
        .order_by(t.alert_event.c.at, t.alert_event.c.id)
    ).all()
    responses = connection.execute(
        select(t.response)
        .where(t.response.c.alert_id == alert.id, t.response.c.state == "已发布")
        .order_by(t.response.c.published_at, t.response.c.id)
    ).all()
    return Material(
        alert=alert,
        story=story,
        reports=reports,
        digests={row.id: row.text_hash for row in digests},
        events=tuple(
            (f"记录{place}", one.at, dossier.event_words(one.kind, one.actor, one.before or {}, one.after or {}))
            for place, one in enumerate(events, start=1)
        ),
        responses=tuple((f"回应{place}", row) for place, row in enumerate(responses, start=1)),
        linked=_linked(connection, actor, alert.id),
        settings=settings,
        now=now,
    )


def _linked(connection: Connection, actor: Actor, alert_id: int) -> tuple[Linked, ...]:
    """The ledger records linked to the alert; for who may see the ledger, and there only those of their own region."""
    if not actor.may("ledger.view"):
        return ()
    link = t.alert_link.c
    found: list[Linked] = []
    standing = connection.execute(
        select(link.kind, link.record_id).where(link.alert_id == alert_id, link.ended_at.is_(None)).order_by(link.id)
    )
    for kind, record_id in standing:
        table = t.wage_case if kind == "case" else t.clue
        row = connection.execute(select(table).where(table.c.id == record_id)).one_or_none()
        if row is None or not actor.scope.covers(row.region):
            continue
        place = sum(one.kind == kind for one in found) + 1
        found.append(_case(row, place) if kind == "case" else _clue(row, place))
    return tuple(found)


def _case(row: Row[Any], place: int) -> Linked:
    verified = row.verified_on is not None
    return Linked(
        key=f"案件{place}",
        number=row.number,
        kind="case",
        state=row.state,
        claimed_workers=row.claimed_workers,
        claimed_fen=row.claimed_fen,
        verified_workers=row.verified_workers if verified else None,
        verified_fen=row.verified_fen if verified else None,
        paid_fen=row.paid_fen if verified else None,
    )


def _clue(row: Row[Any], place: int) -> Linked:
    return Linked(f"线索{place}", row.number, "clue", row.state, row.persons, row.amount_fen, None, None, None)


def _sources(material: Material) -> list[Source]:
    """Everything that could be cited, in the order of the list at the end."""
    alert, story = material.alert, material.story
    reports = [
        Source(
            key,
            f"{view.outlet}《{view.title}》，{stamp(view.published_at)} 发布，{stamp(view.fetched_at)} 采集",
            view.url,
        )
        for key, view in material.reports
    ]
    span = material.every_report
    if len(span) == 1 and len(material.reports) > 1:
        reports.append(Source(span[0], f"附表所列报道 {len(material.reports)} 篇"))
    model = next((view.model for _, view in material.reports if view.model), "")
    clock = material.settings.clocks[str(alert.level)]
    return [
        *reports,
        Source(
            "研判",
            f"本系统对本事件的研判，{short_place(story.region)}，得分 {story.score}"
            + (f"，规则版本 {model}" if model else ""),
        ),
        *(Source(key, f"警情 {alert.number} 办理记录，{stamp(at)}：{words}") for key, at, words in material.events),
        *(Source(one.key, f"欠薪工作台账 {one.number}（{one.state}）") for one in material.linked),
        *(
            Source(key, f"{row.kind}，{row.channel}，{stamp(row.published_at)} 发布，{row.approver}批准", str(row.url))
            for key, row in material.responses
        ),
        Source("时限", f"内部预警 {LEVEL_NAMES.get(str(alert.level), '')} 时限：{_limits(clock)}"),
        Source("61号文", "国办发〔2016〕61号：重大政务舆情 24 小时内举行新闻发布会，其他政务舆情 48 小时内回应"),
        Source("80号文", "国办发〔2016〕80号：特别重大、重大突发事件的政务舆情 5 小时内发布权威信息"),
        Source("监测", f"本系统监测结果，截至 {stamp(material.now)}"),
    ]


def _limits(clock: Clock) -> str:
    """The level's limits in words, those it has."""
    named = (
        (clock.sign_minutes, "内签收"),
        (clock.leader_minutes, "内报告带班领导"),
        (clock.fact_minutes, "内查清事实"),
        (clock.update_minutes, "一次处置进展"),
    )
    return "，".join(f"{elapsed_words(60 * minutes)}{words}" for minutes, words in named if minutes)


def minute(now: datetime) -> str:
    """``20261123-0415`` on the office's clock, for names of files."""
    return f"{local(now):%Y%m%d-%H%M}"
