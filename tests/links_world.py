"""An invented ledger and invented stories, each pair of story and record known to be one matter or not.

``build`` writes them; every firm, project, number and place fits nothing real. Kinds of stories, by how the reports
call the employer: whole, short, misspelt, not at all but the project, the contractor instead, nothing but numbers; of
a clue; and three kinds that the ledger does not hold at all.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, insert

from monitors.clock import SHANGHAI
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
COUNTIES = ("530102", "530111", "530302", "530381", "530627", "530602", "532504", "532524", "532901", "532923")
HELD = ("whole", "short", "misspelt", "project", "contractor", "numbers", "clue")
ABSENT = ("other matter", "other firm", "like name elsewhere")
ROUNDS = 10
_FIRST, _SECOND = "澜衡岚翊骏沅泓祺", "筑拓曜恺屹淞煦钧"
_TRADES = ("建筑劳务有限公司", "建设工程有限公司", "电子科技有限公司", "制衣厂", "餐饮管理有限公司", "市政工程有限公司")
_SITES = ("安置房", "产业园厂房", "中学扩建", "灌区改造", "文旅小镇", "职工宿舍楼")


@dataclass(frozen=True, slots=True)
class Story:
    """One story: its alert, what kind it is, and the record that is its matter (kind, id), or none."""

    alert_id: int
    kind: str
    record: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class World:
    """All stories, and how many pairs of a story and a record made for it there are."""

    stories: tuple[Story, ...]
    pairs: int


class _Writer:
    def __init__(self, connection: Connection) -> None:
        self._connection, self._count = connection, 0
        self.dice = random.Random(7)
        self.cases = 0

    def _add(self, table, **values):
        return self._connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()

    def firm(self, name, region):
        return self._add(
            t.employer, name=name, region=region, created_at=NOW, updated_at=NOW, **{"class": "其他用人单位"}
        )

    def site(self, name, region, contractor=None, developer=""):
        return self._add(
            t.project, name=name, region=region, industry="住建", developer=developer, contractor_id=contractor,
            subcontractors=[], status="在建", checks={}, bond={}, created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    def case(self, firm, region, *, on, workers, fen, site=None, closed=None):
        self.cases += 1
        return self._add(
            t.wage_case, number=f"AJ2026-{self.cases:06d}", employer_id=firm, project_id=site, region=region,
            channel="12333", first_receiver="示例经办人", tags=[], co_units=[], accepted_on=on,
            occurred_on=on - timedelta(days=self.dice.randint(5, 60)), claimed_workers=workers,
            claimed_migrants=workers, claimed_fen=fen, state="已销账" if closed else "核查中", closed_on=closed,
            created_by="test", created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    def clue(self, name, region, *, on, workers, fen):
        self._count += 1
        at = datetime.combine(on, time(9), tzinfo=SHANGHAI)
        return self._add(
            t.clue, number=f"XS2026-{self._count:06d}", channel="12345", external_no=f"W{self._count}", region=region,
            first_receiver="示例经办人", received_at=at, employer_name=name, persons=workers, amount_fen=fen,
            state="核查中", created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    def story(self, title, text, region, *, employer, workers, fen, on):
        self._count += 1
        at = datetime.combine(on, time(10), tzinfo=SHANGHAI)
        facts = {
            "region": region, "scope": "本省", "kind": "讨薪维权", "stance": "unresolved", "sentiment": -0.5,
            "workers": workers, "amount_fen": fen, "employer": employer,
        }  # fmt: skip
        story = self._add(
            t.story, title=title, items=1, outlets=1, first_outlet="示例晨报", first_published_at=at, first_seen_at=at,
            last_seen_at=at, level="IV", score=26, severity={}, matched=[], **facts,
        )  # fmt: skip
        self._add(
            t.item, source_id="world", guid=f"{self._count:064d}", url=f"https://news.invalid/{self._count}",
            title=title, text=text, text_hash="0" * 64, outlet="示例晨报", published_at=at, fetched_at=at,
            relevant=True, relevance=0.9, level="IV", score=26, story_id=story, judgement={}, **facts,
        )  # fmt: skip
        return self._add(
            t.alert, number=f"YJ20261123-{self._count:04d}", story_id=story, level="IV", score=26, state="新警情",
            opened_at=at, raised_at=at, sign_due_at=at, public_due_at=at, case_ids=[],
        )  # fmt: skip

    def source(self):
        return self._connection.execute(
            insert(t.source).values(
                id="world", name="示例晨报", kind="feed", url="https://world.invalid/rss", group_name="自建",
                outlet="示例晨报", interval_seconds=600, max_interval_seconds=7200, region="", tier=3, national=False,
                condition="正常", paused=False, recipe={}, origin="page", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


def build(connection: Connection, rounds: int = ROUNDS) -> World:
    """Write the whole world into an empty store."""
    write = _Writer(connection)
    write.source()
    stories = [_one(write, kind, turn) for turn in range(rounds) for kind in (*HELD, *ABSENT)]
    return World(tuple(stories), len(stories) * 4)


def _one(write: _Writer, kind: str, turn: int) -> Story:
    """One story with the records that were made for it: its own matter (if any) and those it may be taken for."""
    dice = write.dice
    home = dice.choice(COUNTIES)
    stem, trade = dice.choice(_FIRST) + dice.choice(_SECOND), dice.choice(_TRADES)
    name, on = f"示例{stem}{trade}", date(2026, 3, 1) + timedelta(days=dice.randint(0, 240))
    workers = dice.randint(6, 90)
    fen = workers * dice.randint(6_000, 30_000) * 100
    firm = write.firm(name, home)
    contractor_name = f"示例{dice.choice(_FIRST)}{dice.choice(_SECOND)}建工集团有限公司"
    site_name = f"示例{stem[0]}{dice.choice(_FIRST)}{dice.choice(_SITES)}项目{dice.choice('一二三')}标段"
    contractor = write.firm(contractor_name, home)
    site = write.site(site_name, home, contractor, f"示例{dice.choice(_FIRST)}{dice.choice(_SECOND)}置业有限公司")
    accepted = on + timedelta(days=dice.randint(-25, 25))
    record: tuple[str, int] | None = None
    if kind == "clue":
        record = ("clue", write.clue(name, home, on=accepted, workers=workers, fen=fen))
    elif kind in HELD:
        record = ("wage_case", write.case(firm, home, on=accepted, workers=workers, fen=fen, site=site))
    # What it may be taken for: the firm's matter of last year, another firm of the county, a like name next door.
    past = on - timedelta(days=dice.randint(300, 420))
    write.case(
        firm, home, on=past, workers=max(2, workers // 5), fen=fen // 6, closed=past + timedelta(days=60), site=None
    )
    other = write.firm(f"示例{dice.choice(_FIRST)}{dice.choice(_SECOND)}{dice.choice(_TRADES)}", home)
    write.case(
        other, home, on=on + timedelta(days=dice.randint(-28, 28)), workers=dice.randint(3, 120),
        fen=dice.randint(3, 400) * 10_000_00,
    )  # fmt: skip
    like = write.firm(f"示例{stem[0]}{dice.choice(_SECOND)}{trade}", COUNTIES[COUNTIES.index(home) - 1])
    write.case(
        like, COUNTIES[COUNTIES.index(home) - 1], on=on + timedelta(days=dice.randint(-60, 60)),
        workers=dice.randint(3, 120), fen=dice.randint(3, 400) * 10_000_00,
    )  # fmt: skip
    # Reports tell numbers loosely, and one of the two often not at all.
    told_workers = max(1, round(workers * dice.uniform(0.8, 1.25))) if turn % 4 else workers
    told_fen = round(fen * dice.uniform(0.85, 1.2), -4) if turn % 3 else None
    called, place = _called(kind, name, stem, trade, contractor_name)
    told = {
        "project": f"工人说在{site_name.split('项目', maxsplit=1)[0]}干活，工钱一直没结",
        "contractor": f"工人围住{contractor_name}的项目部要工资",
    }.get(kind, f"{called or '工地'}的工人反映工资没有着落")
    if kind == "other firm":
        called, told = f"示例{dice.choice('璟霁珩')}{dice.choice('茗皓昱')}物业服务中心", "物业员工反映三个月没发工资"
    if kind == "like name elsewhere":
        called, told = f"示例{dice.choice('璟霁珩')}{stem[1]}{trade}", "工人反映工资被拖欠"
    if kind in ABSENT:
        told_workers, told_fen = dice.randint(150, 400), dice.randint(500, 900) * 10_000_00
    alert = write.story(
        f"{place}多名工人讨薪", f"{told}。涉及{told_workers}人。", home, employer=called or None,
        workers=told_workers, fen=told_fen, on=on,
    )  # fmt: skip
    return Story(alert, kind, record)


def _called(kind: str, name: str, stem: str, trade: str, contractor: str) -> tuple[str, str]:
    """What the reports call the employer, and how the title begins."""
    match kind:
        case "short":
            return f"示例{stem}{trade[:2]}", "县城"
        case "misspelt":
            return name.replace(stem[1], "筑" if stem[1] != "筑" else "竹"), "城郊"
        case "project" | "numbers":
            return "", "某地"
        case "contractor":
            return contractor, "工地"
        case _:
            return name, "当地"
