"""List, statistics and form over a large ledger: ``python benchmarks/ledger.py [cases]``.

For each question of the pages the seconds it takes, those of this process's processor, and what part it is of what
pandas takes to read every case with its employer and project and to group them once, as a page without SQL would, in
the same run: by the processor on SQLite, where a busy machine changes little, by the clock on PostgreSQL, which works
elsewhere. ``DATABASE_URL`` names an empty database; without one, SQLite.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, case, func, literal, select, text, update

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.form import CAMPAIGN, CUTOFF, fill
from monitors import settings
from monitors.access.scope import EVERYWHERE, Scope
from monitors.ledger import form, register, statistics
from monitors.ledger.model import CaseState, Channel, Industry
from monitors.ledger.query import Query
from monitors.ledger.statistics import DIMENSIONS
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

FIRST = date(2025, 1, 1)
TODAY = date(2026, 11, 23)
RULES = settings.load(environ={}).ledger
SCOPES = {"province": EVERYWHERE, "prefecture": Scope("530600"), "county": Scope("530627")}
# As a ledger of some years stands: most are over, some of the open ones late.
STATES = (
    CaseState.CHECKING,
    CaseState.VERIFIED,
    *(CaseState.SETTLED,) * 4,
    *(CaseState.ENDED,) * 3,
    CaseState.UNFOUNDED,
)
LISTS = {
    "nothing asked": Query(),
    "open, by deadline": Query(flags=("未结",)),
    "overdue": Query(bands=("逾期",)),
    "six filters": Query(
        region="530600", classes=("建筑企业",), channels=("电话", "12345"), states=("查实", "已销账"), flags=("查实",),
        accepted_from=date(2026, 1, 1),
    ),
    "government projects, largest first": Query(kinds=("政府投资",), sort="查实金额", descending=True),
    "industry and month": Query(industries=("住建",), month="2026-10"),
    "a tag": Query(tags=("陈案",)),
    "words of a name": Query(text="单位77"),
    "words found nowhere": Query(text="没有这样的字"),
}  # fmt: skip


def _nth(values: tuple[Any, ...], stride: int) -> ColumnElement[Any]:
    """One of ``values`` for each case, by its number: the next one after every ``stride`` cases."""
    turn = t.wage_case.c.id // stride % len(values)
    return case(*((turn == index, literal(str(value))) for index, value in enumerate(values)))


def spread(connection: Connection) -> None:
    """Give the seeded cases what list and statistics ask for: states, channels, days, deadlines, tags, projects."""
    one = t.wage_case.c
    connection.execute(
        update(t.wage_case).values(
            channel=_nth(tuple(Channel), 1), state=_nth(STATES, 13), claimed_workers=one.id % 60 + 1,
            claimed_fen=one.id % 997 * 10_000, paid_fen=one.id % 500 * 10_000, paid_workers=one.id % 20,
            project_id=case((one.id % 3 == 0, None), else_=one.project_id),
            tags=case((one.id % 20 == 0, literal(["陈案"], t.wage_case.c.tags.type)), else_=one.tags),
        )
    )  # fmt: skip
    over = one.state.in_((CaseState.SETTLED, CaseState.ENDED))
    connection.execute(update(t.wage_case).values(closed_on=case((over, one.closed_on), else_=None)))
    days = (TODAY - FIRST).days
    for part in range(120):  # a day and a deadline for every 120th case: the two databases add days differently
        accepted = FIRST + timedelta(days=days * part // 119)
        connection.execute(
            update(t.wage_case)
            .where(one.id % 120 == part)
            .values(accepted_on=accepted, deadline=accepted + timedelta(days=60))
        )
    industries = tuple(Industry)
    for index, industry in enumerate(industries):
        connection.execute(
            update(t.project).where(t.project.c.id % len(industries) == index).values(industry=str(industry))
        )


def baseline(connection: Connection) -> None:
    """Every case into a frame, and one grouping of it."""
    asked = (
        select(t.wage_case, t.employer.c["class"], t.project.c.industry)
        .join(t.employer, t.employer.c.id == t.wage_case.c.employer_id)
        .outerjoin(t.project, t.project.c.id == t.wage_case.c.project_id)
    )
    frame = pd.read_sql(asked, connection)
    frame.groupby(frame["region"].str[:4])[["claimed_workers", "claimed_fen", "verified_fen", "paid_fen"]].sum()


def taken(work: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """The quickest of several runs, by the clock and by the processor: the machine's own noise only ever adds."""
    clock, processor = [], []
    for _ in range(times):
        begun, busy = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - busy)
    return min(clock), min(processor)


def measure(connection: Connection) -> None:
    """Print one line for each question: seconds, and the baseline's multiple."""
    whole, busy = taken(lambda: baseline(connection), 1)
    print(f"  baseline, all rows into pandas and one groupby: {whole:.3f} s, {busy:.3f} s of the processor")

    def line(name: str, work: Callable[[], object]) -> None:
        seconds, processor = taken(work)
        times = busy / processor if connection.dialect.name == "sqlite" else whole / seconds
        print(f"  {name}: {seconds:.3f} s, {processor:.3f} s of the processor, 1/{times:.0f} of the baseline")

    asked = {"today": TODAY, "settings": RULES}
    for where, scope in SCOPES.items():
        for name, query in LISTS.items():
            found = register.page(connection, scope, query, **asked).sums.cases
            line(
                f"list, {where}, {name} ({found} cases)",
                lambda: register.page(connection, scope, query, **asked),  # noqa: B023
            )
    for where, scope in SCOPES.items():
        line(f"indicators, {where}", lambda: statistics.rates(connection, scope, Query(), **asked))  # noqa: B023
        for dimension in DIMENSIONS:
            line(
                f"statistics by {dimension}, {where}",
                lambda: statistics.by(connection, scope, Query(), dimension, **asked),  # noqa: B023
            )
    for region in ("530000", "530600", "530627"):
        line(
            f"form, {divisions.short_name(region)}",
            lambda: form.cells(connection, campaign=CAMPAIGN, cutoff=CUTOFF, region=region),  # noqa: B023
        )


def main() -> None:
    """Seed, spread, measure."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        fill(store, cases, FIRST)
        with store.write() as connection:
            spread(connection)
        store.checkpoint()
        with store.write() as connection:
            connection.execute(text("ANALYZE"))
        with store.read() as connection:
            number = connection.scalar(select(func.count()).select_from(t.wage_case))
            print(f"{store.dialect}, {number} cases, {2 * cases} payments, {cases} inspections and measures")
            measure(connection)
        store.close()


if __name__ == "__main__":
    main()
