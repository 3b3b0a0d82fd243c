"""The invented world of the demonstration (演示数据): which stories happen where and when, and who writes about them.

Pure and deterministic: the same ``now`` and seed give the same reports. Everything ends at ``now``, so that the pages
look alive whenever it is loaded. Towards the end there is more of it, with bursts around 镇雄/彝良 and 弥勒.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from monitors.clock import local
from monitors.opinion import demo_texts as texts
from monitors.opinion.demo_texts import Case, Draft
from monitors.opinion.model import Entry, Source
from monitors.regions import divisions

DAYS = 40
HISTORY_DAYS = 150  # before these days few reports of each week, so that there is something usual to compare with
EVERYDAY_REPORTS = 900
SEED = 530_000

_BURST_DAYS = 8
# (chance, county codes in order of weight): recent clusters that the hotspot page is meant to find.
_BURSTS = (
    (0.28, ("530627", "530627", "530627", "530628", "530628", "530602", "530629")),
    (0.16, ("532504", "532504", "532504", "532502", "532527")),
)
# What makes the burst around 镇雄 one that stands out of half a year: (plan, county, days ago).
_GATHERED = (
    ("零星解决", "530627", 1.1), ("零星举报", "530627", 1.4), ("零星解决", "530627", 2.1), ("零星讨薪", "530629", 2.4),
    ("零星举报", "530627", 3.1), ("零星解决", "530627", 3.3), ("零星解决", "530629", 4.1), ("零星举报", "530627", 4.3),
    ("零星解决", "530627", 5.1), ("零星讨薪", "530627", 5.3), ("零星解决", "530627", 6.1),
)  # fmt: skip
_REPRINT = "+"


@dataclass(frozen=True, slots=True)
class Planned:
    """One report to come: who publishes it, when it is fetched, and the story it belongs to (``""``: everyday news)."""

    source: Source
    entry: Entry
    fetched_at: datetime
    story: str


@dataclass(frozen=True, slots=True)
class _Outlet:
    source: Source
    voices: tuple[str, ...]
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    """The start of a story: a row of ``plans.toml``, a place, a moment, and how fast its first reports follow."""

    plan: str
    place: str
    at: datetime
    workers: int | None = None
    hurry: float = 1.0
    label: str = ""


@cache
def outlets() -> tuple[_Outlet, ...]:
    """The invented outlets: paused, at addresses that cannot exist."""
    return tuple(
        _Outlet(
            Source(
                id=row["id"],
                name=row["name"],
                kind="feed",
                url=f"https://{row['id']}.example/feed.xml",
                group=row["group"],
                outlet=row["name"],
                region=row.get("region", ""),
                tier=row["tier"],
                national=row.get("national", False),
                condition="未核实",
                condition_note="演示数据，地址为虚构，不会抓取",
                paused=True,
            ),
            tuple(row["voices"]),
            tuple(row.get("where", ())),
        )
        for row in texts.table("sources")["source"]
    )


def sources() -> tuple[Source, ...]:
    """The sources of the demonstration, to be stored with ``demo`` set."""
    return tuple(outlet.source for outlet in outlets())


def world(now: datetime, seed: int = SEED) -> list[Planned]:
    """All reports of the last ``HISTORY_DAYS`` days in the order they are fetched; the last minutes before ``now``.

    Nine in ten are of the last ``DAYS``: before these only the calmer stories, in one or two reports each.
    """
    random = Random(seed)  # noqa: S311 - invention, not secrecy
    planned: list[Planned] = []
    for event in [*_cast(now), *_drawn(now, random)]:
        planned.extend(_tell(event, now, random))
    planned.extend(_everyday(now, random))
    before = Random(f"{seed} before")  # noqa: S311 - its own draws: the last days stay as they are without it
    for event in [*_gathered(now), *_before(now, before)]:
        planned.extend(_tell(event, now, before))
    planned.sort(key=lambda p: (p.fetched_at, p.entry.url))
    return planned


# ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _cast(now: datetime) -> Iterator[_Event]:
    """The events a newcomer should meet: what is fresh, and the night of the tower crane at 02:10."""
    night = local(now).replace(hour=2, minute=10, second=0, microsecond=0)
    if now - night < timedelta(hours=3):
        night -= timedelta(days=1)
    minutes = timedelta(minutes=1)
    yield _Event("高处", "530114", night, workers=23, hurry=0.15, label="night")
    yield _Event("百人", "530627", now - 68 * minutes, workers=236, hurry=0.18, label="red")
    yield _Event("高处", "532504", now - 24 * minutes, workers=31, hurry=0.06, label="orange-1")
    yield _Event("堵路", "530628", now - 118 * minutes, workers=74, hurry=0.2, label="orange-2")
    yield _Event("堵路", "530381", now - 320 * minutes, workers=58, hurry=0.4, label="orange-3")
    yield _Event("聚集", "532527", now - 205 * minutes, workers=27, hurry=0.5, label="yellow-1")
    yield _Event("工程款", "532901", now - timedelta(hours=52), workers=18, hurry=0.6, label="contract")
    for index, (plan, place) in enumerate(
        (("举报", "530627"), ("讨薪", "530821"), ("举报", "533103"), ("变体", "530102"), ("骑手", "530111"))
    ):
        yield _Event(plan, place, now - (55 + 97 * index) * minutes, label=f"blue-{index}")


def _drawn(now: datetime, random: Random) -> Iterator[_Event]:
    for plan in texts.table("plans")["plan"]:
        for _ in range(plan["count"]):
            at = _moment(now, random)
            yield _Event(plan["name"], _place(at, now, random), at)


def _before(now: datetime, random: Random) -> Iterator[_Event]:
    """The calmer months before: nothing gathers, whoever was owed has been paid or is in the ledger."""
    for plan in texts.table("plans")["plan"]:
        for _ in range(plan.get("before", 0)):
            day = local(now) - timedelta(days=random.uniform(DAYS, HISTORY_DAYS))
            hour = min(22, max(7, round(random.gauss(14, 4))))
            at = day.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60), microsecond=0)
            yield _Event(plan["name"], _place(at, now, random), at)


def _gathered(now: datetime) -> Iterator[_Event]:
    for plan, place, days in _GATHERED:
        at = (local(now) - timedelta(days=days)).replace(
            hour=9 + int(days * 10 % 7), minute=20, second=0, microsecond=0
        )
        yield _Event(plan, place, at)


def _moment(now: datetime, random: Random, *, earliest: int = 7, latest: int = 23) -> datetime:
    """A moment of the last days by day-time in Shanghai, denser toward ``now``, at least an hour ago."""
    while True:
        day = local(now) - timedelta(days=(DAYS - 1) * random.random() ** 1.4)
        hour = min(latest, max(earliest, round(random.gauss(14, 4))))
        at = day.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60), microsecond=0)
        if now - at > timedelta(hours=1):
            return at


def _place(at: datetime, now: datetime, random: Random) -> str:
    if now - at < timedelta(days=_BURST_DAYS):
        draw = random.random()
        for chance, codes in _BURSTS:
            if draw < chance:
                return random.choice(codes)
            draw -= chance
    counties = divisions.counties()
    # The first county of a prefecture is as a rule its seat: more people, more building, more disputes.
    weights = [3 if county.code.endswith(("01", "02", "03")) else 1 for county in counties]
    return random.choices(counties, weights=weights)[0].code


def _case(event: _Event, plan: dict[str, Any], random: Random) -> Case:
    sectors = texts.table("sectors")
    allowed = texts.table("plans")["sectors"][plan["sectors"]]
    fitting = [
        s
        for s in sectors["sector"]
        if s["name"] in allowed and ("where" not in s or event.place[:4] in s["where"] or len(allowed) == 1)
    ]
    sector = random.choice(fitting)
    brand, (word, other) = random.choice(sectors["brands"]), random.sample(sectors["words"], k=2)
    workers = event.workers or random.randint(*plan["workers"])
    # Three to twenty-five thousand 元 a head, rounded as people round: to thousands, above a million to 万.
    yuan = workers * random.randint(3_000, 25_000)
    step = 10_000 if yuan >= 1_000_000 else 1_000
    months = random.randint(2, 9)
    return Case(
        place=event.place,
        project=texts.fill(random.choice(sector["projects"]), {}, random),
        firm=brand + texts.fill(random.choice(sector["firms"]), {"名": word}, random),
        job=random.choice(sector["jobs"]),
        did=random.choice(sector["did"]),
        boss=random.choice(("包工头", "老板", "班组长", "项目经理")) + random.choice("李王张杨罗陈赵和普") + "某",
        workers=workers,
        amount_yuan=max(step, round(yuan / step) * step),
        months=months,
        since=event.at - timedelta(days=30 * months),
        elsewhere=random.choice(sectors["elsewhere"]),
        elsewhere_firm=f"{brand}{other}建筑工程有限公司",
    )


# ── Who writes about it ──────────────────────────────────────────────────────────────────────────────────────────────


def _tell(event: _Event, now: datetime, random: Random) -> Iterator[Planned]:
    plan = next(p for p in texts.table("plans")["plan"] if p["name"] == event.plan)
    case = _case(event, plan, random)
    label = event.label or f"{event.plan}-{event.place}-{event.at:%m%d%H%M}-{case.amount_yuan}"
    spoken_already: set[str] = set()
    for family, (low, high), chance, voices in plan["stages"]:
        if random.random() >= chance:
            continue
        at = event.at + timedelta(hours=random.uniform(low, high))
        last: tuple[Draft, Source] | None = None
        for voice in voices:
            if voice.startswith(_REPRINT) and last is None:
                continue
            wanted = random.choice(voice.removeprefix(_REPRINT).split("|"))
            if event.hurry == 1:
                at = _in_office_hours(at, wanted, random)
            outlet = _outlet(wanted, event.place, spoken_already, random)
            if at > now - timedelta(minutes=2) or outlet is None:
                break
            if voice.startswith(_REPRINT) and last is not None:
                others = texts.titles(family, wanted, case, at, random) or [last[0].title]
                draft = texts.reprint(last[0], last[1].outlet, random, others)
            else:
                draft = texts.write(family, wanted, case, at, random)
                last = draft, outlet
            spoken_already.add(outlet.id)
            yield _planned(outlet, draft, at=at, now=now, random=random, story=label)
            at += timedelta(hours=event.hurry * random.uniform(0.3, 4.5))
        # Sorted: a set's order differs from process to process, and the draws with it.
        spoken_already = {s for s in sorted(spoken_already) if random.random() < 0.5}


def _in_office_hours(at: datetime, voice: str, random: Random) -> datetime:
    """Editors sleep: what would appear at night appears in the morning; forums and phones never close."""
    hour = local(at).hour
    if voice in ("forum", "short") or 7 <= hour < 23:
        return at
    morning = local(at) + timedelta(days=1 if hour >= 23 else 0)
    return morning.replace(hour=random.choice((7, 8, 8, 9)), minute=random.randrange(60)).astimezone(UTC)


def _outlet(voice: str, place: str, already: set[str], random: Random) -> Source | None:
    """An outlet with that voice that has not yet reported; local ones first, for whom the place is home."""
    fitting = [o for o in outlets() if voice in o.voices and o.source.id not in already]
    near = [o for o in fitting if place[:4] in o.where]
    wide = [o for o in fitting if not o.where]
    choice = near if near and random.random() < 0.7 else near + wide
    return random.choice(choice).source if choice else None


def _everyday(now: datetime, random: Random) -> Iterator[Planned]:
    counties = list(divisions.counties())
    random.shuffle(counties)
    for number in range(EVERYDAY_REPORTS):
        code = counties[number % len(counties)].code
        at = _moment(now, random)
        voice, draft = texts.everyday(code, at, random)
        outlet = _outlet(voice, code, set(), random)
        if outlet is not None:
            yield _planned(outlet, draft, at=at, now=now, random=random, undated=number % 90 == 0)


def _planned(
    source: Source, draft: Draft, *, at: datetime, now: datetime, random: Random, story: str = "", undated: bool = False
) -> Planned:
    at = at.replace(microsecond=0)
    number = random.randrange(10**7, 10**8)
    url = f"https://{source.id}.example/{local(at):%Y%m/%d}/{number}.html"
    published, note = (None, "无日期") if undated else (at, "")
    fetched = min(at + timedelta(seconds=random.randint(40, 480)), now)
    return Planned(source, Entry(url, draft.title, url, draft.text, published, note), fetched, story)


def stories(planned: Sequence[Planned]) -> dict[str, list[Planned]]:
    """Reports by the story they tell, in order; everyday news left out."""
    found: dict[str, list[Planned]] = {}
    for report in planned:
        if report.story:
            found.setdefault(report.story, []).append(report)
    return found
