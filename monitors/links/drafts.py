"""A case or clue prefilled from what the reports of an alert say (由警情登记台账), entered and tied in one transaction.

What the reports say is claimed (诉求), never verified; what they do not say is asked for, not entered as nought.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.desk import alerts
from monitors.desk.alerts import Alert
from monitors.ledger import cases, clues
from monitors.ledger.cases import CaseDraft
from monitors.ledger.clues import ClueDraft
from monitors.ledger.model import MAX_TEXT, Channel, Record
from monitors.links import linking
from monitors.links.linking import Linkable
from monitors.opinion import masking
from monitors.settings import Settings
from monitors.store import tables as t

_PERIOD = re.compile(
    r"(?:(20\d\d)年)?(\d{1,2})月份?(?:至|到|—+|-|~|～)(?:(20\d\d)年)?(\d{1,2})月份?[^。！？；]{0,16}(?:工资|工钱|薪|报酬)"
)
_PRIVATE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")  # an address may hold what looks like a number
_TITLE = 160  # characters of the title in a summary
_NAME = 120
_READ = 4_000  # characters of the first report that are read for a period


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What a form starts with.

    ``region`` empty: the reports name no county of this person's; ``persons``, ``amount_fen`` None: they name none.
    """

    alert: Alert
    region: str
    employer_name: str
    persons: int | None
    amount_fen: int | None
    summary: str
    period_from: date | None
    period_to: date | None
    first_on: date


def prefilled(connection: Connection, actor: Actor, alert_id: int) -> Prefilled:
    """What the reports say, as a form of the ledger may hold it: personal data covered, no longer than a field.

    Raises:
        RefusedError: no such alert for this person.
    """
    alert = alerts.get(connection, actor, alert_id)
    item = t.item.c
    outlet = connection.scalar(select(t.story.c.first_outlet).where(t.story.c.id == alert.story_id)) or ""
    first = connection.execute(
        select(item.title, item.text, item.url)
        .where(item.story_id == alert.story_id)
        .order_by(item.published_at, item.id)
        .limit(1)
    ).one_or_none()
    url = first.url if first is not None else ""
    first_on = local(alert.first_published_at).date()
    start, end = period(f"{first.title}。{first.text[:_READ]}" if first is not None else alert.title, first_on)
    county = alert.region if alert.region and not alert.region.endswith("00") else ""
    return Prefilled(
        alert=alert,
        region=county if actor.scope.covers(county) else "",
        employer_name=masking.mask(alert.employer or "").text[:_NAME],
        persons=alert.workers,
        amount_fen=alert.amount_fen,
        summary=_summary(alert.title, outlet, first_on, url),
        period_from=start,
        period_to=end,
        first_on=first_on,
    )


def _summary(title: str, outlet: str, on: date, url: str) -> str:
    words = f"舆情反映：{masking.mask(title).text[:_TITLE]}（{outlet} {on} 首发）。"
    source = f"原文：{url}"
    if url and not _PRIVATE.search(url) and len(words) + len(source) <= MAX_TEXT:
        return words + source
    return f"{words}原文见警情。"


def period(text: str, first_on: date) -> tuple[date | None, date | None]:
    """The months the wages are owed for, where the report says them (``3月至8月工资``); never after its own day."""
    for told in _PERIOD.finditer(text):
        begin, start, until, end = told.groups()
        last_year = int(until or begin or first_on.year)
        first_year = int(begin or (last_year if int(start) <= int(end) else last_year - 1))
        if not (1 <= int(start) <= 12 and 1 <= int(end) <= 12):
            continue
        first = date(first_year, int(start), 1)
        last = date(last_year, int(end), monthrange(last_year, int(end))[1])
        if not until and not begin and last > first_on and first > first_on:
            first, last = first.replace(year=first.year - 1), date(
                last.year - 1, last.month, monthrange(last.year - 1, last.month)[1]
            )  # fmt: skip
        if first <= last and first <= first_on:
            return first, min(last, first_on)
    return None, None


def as_case(told: Prefilled, *, accepted_on: date) -> CaseDraft:
    """The draft of a case; the employer is for a person to choose (0), as are numbers the reports do not tell."""
    return CaseDraft(
        employer_id=0,
        region=told.region,
        channel=Channel.OPINION,
        accepted_on=accepted_on,
        claimed_workers=told.persons or 0,
        claimed_migrants=0,
        claimed_fen=told.amount_fen or 0,
        external_no=told.alert.number,
        summary=told.summary,
        period_from=told.period_from,
        period_to=told.period_to,
    )


def as_clue(told: Prefilled, *, received_at: datetime) -> ClueDraft:
    """The draft of a clue, received now: the report is older, but the office's clock starts with its own."""
    return ClueDraft(
        channel=Channel.OPINION,
        region=told.region,
        received_at=received_at,
        external_no=told.alert.number,
        employer_name=told.employer_name,
        summary=told.summary,
        persons=told.persons,
        amount_fen=told.amount_fen,
    )


def open_case(
    connection: Connection,
    actor: Actor,
    alert_id: int,
    draft: CaseDraft,
    *,
    settings: Settings,
    now: datetime,
    confirm_duplicate: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Enter the case and tie the alert to it; the case's id. Nothing is kept where either is refused.

    Raises:
        RefusedError: the person may not work on alerts there, or not enter cases.
        LedgerError: as ``cases.create``; E12 is answered by tying the alert to the case that is there (``link``).
        InputError: the alert is 误报 or 并案.
    """
    actor.require("ledger.edit", kind=Record.CASE)
    alert = linking.held(connection, actor, alert_id)
    made = cases.create(
        connection, actor, draft, settings=settings, now=now, demo=alert.demo, confirm_duplicate=confirm_duplicate,
        confirm_figures=confirm_figures,
    )  # fmt: skip
    _tie(connection, actor, alert, linking.find(connection, actor, Record.CASE, made), now)
    return made


def open_clue(
    connection: Connection,
    actor: Actor,
    alert_id: int,
    draft: ClueDraft,
    *,
    settings: Settings,
    now: datetime,
    confirm_figures: bool = False,
) -> int:
    """Register the clue and tie the alert to it; the clue's id.

    Raises:
        RefusedError, InputError: as ``open_case``.
        LedgerError, RepeatedError: as ``clues.add``; a repeated number is answered by tying the clue that is there.
    """
    actor.require("ledger.edit", kind=Record.CLUE)
    alert = linking.held(connection, actor, alert_id)
    made = clues.add(
        connection, actor, draft, settings=settings, now=now, demo=alert.demo, confirm_figures=confirm_figures
    )
    _tie(connection, actor, alert, linking.find(connection, actor, Record.CLUE, made), now)
    return made


def _tie(connection: Connection, actor: Actor, alert: Alert, record: Linkable, now: datetime) -> None:
    linking.tie(connection, actor, alert, record, confidence=None, why=(), opened=True, now=now)
