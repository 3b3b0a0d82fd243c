"""Candidates for an alert over a large ledger: ``python benchmarks/links.py [cases]``.

For an alert of a county, of a prefecture and of nowhere (the whole province is sought): the seconds it takes to offer
candidates, those of this process's processor, and what part that is of reading every case with its employer and
project into pandas, in the same run. ``DATABASE_URL`` names an empty database; without one, SQLite.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.form import fill
from benchmarks.ledger import FIRST, baseline, spread, taken
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.links import candidates
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

AT = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
PLACES = {"a county": "530627", "a prefecture": "530600", "nowhere": ""}
_WORDS = "澜衡岚翊骏沅泓祺筑拓曜恺屹淞煦钧霖淼崧珂"
_TRADES = ("建筑劳务有限公司", "建设工程有限公司", "电子科技有限公司", "餐饮管理有限公司", "市政工程有限公司")
_SITES = ("安置房", "产业园厂房", "中学扩建", "灌区改造", "文旅小镇", "职工宿舍楼")


def named(connection: Connection) -> None:
    """Names as firms and projects bear them, and projects in every county with a contractor."""
    dice, counties = random.Random(11), [one.code for one in divisions.counties()]
    for table, name in ((t.employer, _firm), (t.project, _site)):
        ids = connection.scalars(select(table.c.id)).all()
        change = update(table).where(table.c.id == bindparam("key")).values(name=bindparam("called"))
        connection.execute(change, [{"key": one, "called": name(dice)} for one in ids])
    sites = connection.scalars(select(t.project.c.id)).all()
    change = update(t.project).where(t.project.c.id == bindparam("key"))
    change = change.values(region=bindparam("place"), contractor_id=bindparam("firm"), developer=bindparam("owner"))
    connection.execute(
        change,
        [{"key": one, "place": dice.choice(counties), "firm": one, "owner": _firm(dice)} for one in sites],
    )


def _firm(dice: random.Random) -> str:
    return f"示例{''.join(dice.choices(_WORDS, k=3))}{dice.choice(_TRADES)}"


def _site(dice: random.Random) -> str:
    return f"示例{''.join(dice.choices(_WORDS, k=2))}{dice.choice(_SITES)}项目{dice.choice('一二三四')}标段"


def alert(connection: Connection, region: str) -> int:
    """An alert of this place that names one of the firms, with twelve long reports; its id."""
    firm = connection.scalar(
        select(t.employer.c.name)
        .join(t.wage_case, t.wage_case.c.employer_id == t.employer.c.id)
        .where(t.wage_case.c.region == "530627")
        .limit(1)
    )
    facts = {
        "region": region, "scope": "本省", "stance": "unresolved", "sentiment": -0.5, "workers": 40,
        "amount_fen": 500_000_00, "employer": firm, "kind": "讨薪维权", "level": "III", "score": 44,
    }  # fmt: skip
    story: int = connection.execute(
        insert(t.story)
        .values(
            title=f"{firm}工人讨薪", items=12, outlets=12, first_outlet="示例晨报", first_published_at=AT,
            first_seen_at=AT, last_seen_at=AT, severity={}, matched=[], **facts,
        )
        .returning(t.story.c.id)
    ).scalar_one()  # fmt: skip
    for number in range(12):
        connection.execute(
            insert(t.item).values(
                source_id="bench", guid=f"{story}-{number}", url="https://bench.invalid/1", title=f"{firm}工人讨薪",
                text=f"{firm}的工人反映工资没有着落，多次讨要未果。" * 150, text_hash="0", outlet="示例晨报",
                published_at=AT, fetched_at=AT, relevant=True, relevance=0.9, story_id=story, judgement={}, **facts,
            )
        )  # fmt: skip
    return int(
        connection.execute(
            insert(t.alert)
            .values(
                number=f"YJ20260504-{story:04d}", story_id=story, level="III", score=44, state="新警情", opened_at=AT,
                raised_at=AT, sign_due_at=AT, public_due_at=AT + timedelta(days=2), case_ids=[],
            )
            .returning(t.alert.c.id)
        ).scalar_one()
    )  # fmt: skip


def source(connection: Connection) -> None:
    """The one source all reports come from."""
    connection.execute(
        insert(t.source).values(
            id="bench", name="示例晨报", kind="feed", url="https://bench.invalid/rss", group_name="自建",
            outlet="示例晨报", interval_seconds=600, max_interval_seconds=7200, region="", tier=3, national=False,
            condition="正常", paused=False, recipe={}, origin="page", created_at=AT, updated_at=AT,
        )
    )  # fmt: skip


def measure(connection: Connection, ids: dict[str, int]) -> None:
    """One line for each alert."""
    whole, busy = taken(lambda: baseline(connection), 1)
    print(f"  baseline, all rows into pandas and one groupby: {whole:.3f} s, {busy:.3f} s of the processor")
    people = {"province": "530000", "prefecture": "530600", "county": "530627"}
    for place, alert_id in ids.items():
        for who, region in people.items():
            actor = Actor(None, "bench", "示例", Role.DUTY_OFFICER, region, "")
            if not actor.scope.covers(PLACES[place]):
                continue
            found = len(candidates.candidates(connection, actor, alert_id))
            seconds, processor = taken(lambda: candidates.candidates(connection, actor, alert_id))  # noqa: B023
            times = busy / processor if connection.dialect.name == "sqlite" else whole / seconds
            print(
                f"  {place}, looked at by the {who}, {found} offered: {seconds:.3f} s, {processor:.3f} s of the"
                f" processor, 1/{times:.0f} of the baseline"
            )


def main() -> None:
    """Seed, name, measure."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        fill(store, cases, FIRST)
        with store.write() as connection:
            spread(connection)
            named(connection)
            source(connection)
            ids = {place: alert(connection, region) for place, region in PLACES.items()}
        store.checkpoint()
        with store.write() as connection:
            connection.execute(text("ANALYZE"))
        with store.read() as connection:
            number = connection.scalar(select(func.count()).select_from(t.wage_case))
            print(f"{store.dialect}, {number} cases")
            measure(connection, ids)
        store.close()


if __name__ == "__main__":
    main()
