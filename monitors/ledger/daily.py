"""What time alone changes in the ledger (每日推进): a case nobody touches may fall due all the same.

``consequences.follow`` runs when somebody changes a record. An order to pay that ran out overnight, a pause that was
entered for today, a campaign added to config.toml, thresholds set anew: those are found here, once per day of the
office, soon after midnight or when the watch next runs. Doing it twice changes nothing.

The complainant's data of clues long 办结 go as well (``retention.restricted_days``), each with its row in the trail.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, cast, or_, select

from monitors.access import restricted
from monitors.access.actor import SYSTEM
from monitors.clock import local
from monitors.errors import StoreError
from monitors.ledger import consequences, import_desk
from monitors.ledger.clues import KIND
from monitors.ledger.model import OVER_CASE, ClueState
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

log = logging.getLogger(__name__)
META_KEY = "ledger_daily"  # when the pass was last done and how many cases it looked at
BATCH = 20  # cases between two pauses; each is a transaction of its own, so that nobody waits for a batch


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass did so far. ``failed``: cases whose records our code could not follow; the log says why."""

    cases: int = 0
    failed: int = 0
    complainants: int = 0

    def __str__(self) -> str:
        said = f"已推进 {self.cases} 件未结案件的期限与处置建议"
        said += f"，{self.failed} 件出错（见上文）" if self.failed else ""
        return said + (f"；清除 {self.complainants} 条办结线索的举报人信息" if self.complainants else "")


def due(connection: Connection, now: datetime) -> bool:
    """Whether the pass has not been done yet on this day of the office."""
    held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY)) or ""
    try:
        last = datetime.fromisoformat(held.partition(" ")[0])
    except ValueError:
        return True
    return local(last).date() != local(now).date()


def when_due(store: Store, settings: Settings, now: datetime) -> Iterator[Report] | None:
    """The pass in steps, or None where it has been done today; uploads that nobody imported go either way."""
    import_desk.tidy(settings, now)
    with store.read() as connection:
        wanted = due(connection, now)
    return steps(store, settings, now=now) if wanted else None


def run(store: Store, settings: Settings, *, now: datetime, pause: Callable[[float], None] = time.sleep) -> Report:
    """The whole pass at once; between the steps it waits as long as the last one took, so that pages get their turn.

    Raises:
        StoreError: the database cannot be used; the next pass does all of it.
    """
    report = Report()
    began = time.monotonic()
    for report in steps(store, settings, now=now):  # noqa: B007 - the last one is wanted
        pause(time.monotonic() - began)
        began = time.monotonic()
    return report


def steps(store: Store, settings: Settings, *, now: datetime) -> Iterator[Report]:
    """``run`` in steps of some short transactions each, with what was done so far after every one."""
    report = Report()
    with store.read() as connection:
        ids = _open_cases(connection)
        told = _settled_clues(connection, settings, now)
    for start in range(0, len(ids), BATCH):
        for case_id in ids[start : start + BATCH]:
            done = _follow(store, case_id, settings, now)
            report = replace(report, cases=report.cases + 1, failed=report.failed + (not done))
        yield report
    for clue_id, region in told:
        with store.write() as connection:
            restricted.remove(connection, SYSTEM, KIND, str(clue_id), region, now=now)
        report = replace(report, complainants=report.complainants + 1)
        yield report
    with store.write() as connection:
        row = {"key": META_KEY, "value": f"{now.isoformat()} {report.cases}"}
        connection.execute(
            insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
        )
    yield report


def _open_cases(connection: Connection) -> list[int]:
    """Cases with something that runs: found true, filed, promised, or with a day that was computed before."""
    case = t.wage_case.c
    running = or_(*(one.is_not(None) for one in (case.verified_on, case.filed_on, case.due, case.deadline)))
    return list(connection.scalars(select(case.id).where(case.state.not_in(OVER_CASE), running).order_by(case.id)))


def _follow(store: Store, case_id: int, settings: Settings, now: datetime) -> bool:
    """Bring one case forward; False where our code failed on it: one odd case must not hold up all others."""
    case = t.wage_case.c
    try:
        with store.write() as connection:
            # Whoever has it locked is changing it, and follows it then. One lock at a time: nobody waits in a circle.
            still = select(case.id).where(case.id == case_id, case.state.not_in(OVER_CASE))
            if connection.scalar(still.with_for_update(skip_locked=True)) is not None:
                consequences.follow(connection, case_id, settings=settings, now=now)
    except StoreError:
        raise
    except Exception:
        log.exception("the daily pass failed on case %d", case_id)
        return False
    return True


def _settled_clues(connection: Connection, settings: Settings, now: datetime) -> list[tuple[int, str]]:
    """Clues 办结 for longer than the period, with the complainant's data still held; id and division."""
    days = settings.retention.restricted_days
    if not days:
        return []
    clue, held, before = t.clue.c, t.restricted.c, now - timedelta(days=days)
    query = select(clue.id, clue.region).select_from(
        t.clue.join(t.restricted, (held.kind == KIND) & (held.target == cast(clue.id, String)))
    )
    over = clue.state == ClueState.DONE, clue.updated_at < before, held.updated_at < before, clue.demo.is_(False)
    return [(row.id, row.region) for row in connection.execute(query.where(*over).order_by(clue.id))]
