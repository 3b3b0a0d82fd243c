"""Employers and projects of the demonstration ledger (演示数据), and what its other rooms draw from. Pure.

Rows are columns ready to be stored; until then a record stands for another by its position in the list
(``employer_id`` 3 is the fourth employer). The same ``now`` and seed give the same rows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any

from stdnum.cn import uscc

from monitors.clock import SHANGHAI, local
from monitors.ledger.model import CHECKS, SYSTEMS, CheckValue, EmployerClass, ProjectStatus
from monitors.regions import divisions
from monitors.settings import ROOT, Settings

Columns = dict[str, Any]

# Where the demonstration's reports burst, too: the ledger shows the same places under pressure.
HOT = ("530627", "530627", "530628", "532504", "530381", "530114")
_PROJECTS = 54
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # of GB 32100-2015, without the letters that look like digits


@dataclass(frozen=True, slots=True)
class Told:
    """What the demonstration's reports tell of: ``region`` is where it happened, ``at`` when it was seen.

    ``name`` empty: they name no employer, the ledger does. ``lead_days``: accepted so long before; 0: entered by who
    read the report.
    """

    name: str
    region: str
    at: datetime
    workers: int | None = None
    amount_fen: int | None = None
    lead_days: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """What every room of the invention draws with."""

    random: Random
    now: datetime
    settings: Settings

    @property
    def today(self) -> date:
        return local(self.now).date()

    def pick(self, name: str) -> str:
        """One of the phrases of that name."""
        words: str = self.random.choice(texts()["words_of"][name])
        return words

    def moment(self, day: date, after: datetime | None = None) -> datetime:
        """Some time of that day's office hours, later than ``after``."""
        hour, minute = self.random.randint(8, 17), self.random.randrange(60)
        at = datetime.combine(day, time(hour, minute), tzinfo=SHANGHAI).astimezone(self.now.tzinfo)
        return at if after is None or at > after else after + timedelta(minutes=self.random.randint(5, 90))

    def person(self) -> str:
        """赵某."""
        return f"{self.random.choice(texts()['surnames'])}某"

    def ago(self, least: int, most: int) -> date:
        """A day so many days before today, both included."""
        return self.today - timedelta(days=self.random.randint(least, most))


@dataclass(slots=True)
class Parties:
    """Who owes and where: rows of ``employer`` and ``project``, and the trades of each employer."""

    employers: list[Columns] = field(default_factory=list)
    projects: list[Columns] = field(default_factory=list)
    jobs: list[Sequence[str]] = field(default_factory=list)
    told: list[tuple[Told, int | None]] = field(default_factory=list)  # with the position of the employer, if named

    def near(self, region: str) -> list[int]:
        """Employers registered in the prefecture of ``region``."""
        return [at for at, one in enumerate(self.employers) if one["region"][:4] == region[:4]]

    def sites(self, region: str) -> list[int]:
        """Projects of that county."""
        return [at for at, one in enumerate(self.projects) if one["region"] == region]


@cache
def texts() -> dict[str, Any]:
    """``data/demo/ledger.toml``."""
    with (ROOT / "data/demo/ledger.toml").open("rb") as file:
        return tomllib.load(file)


def parties(scene: Scene, told: Sequence[Told] = ()) -> Parties:
    """All employers and projects; those that reports name come first."""
    found = Parties()
    kinds = texts()["kind"]
    for one in told:
        known = next((at for at, row in enumerate(found.employers) if row["name"] == one.name), None)
        if known is None and one.name:
            kind = next((k for k in kinds if k["class"] == _class_of(one.name)), kinds[0])
            known = len(found.employers)
            _employ(scene, found, kind, one.name, one.region)
        found.told.append((one, known))
    names = _names(scene)
    prefectures = divisions.prefectures()
    for kind in kinds:
        places = [p for p in prefectures for _ in range(kind.get("number", 0))]
        places += [prefectures[(at * 5) % len(prefectures)] for at in range(kind.get("in_all", 0))]
        for place in places:
            name = next(names).format(名="") + scene.random.choice(kind["names"]).removeprefix("{名}")
            if any(one["name"] == name for one in found.employers):
                name = next(names) + kind["names"][0].removeprefix("{名}")
            _employ(scene, found, kind, name, _county(scene, place.code))
    for number in range(_PROJECTS):
        _site(scene, found, number)
    return found


def _names(scene: Scene) -> Iterator[str]:
    """Brand and word, no pair twice before all have been."""
    pairs = [f"{brand}{word}" for brand in texts()["brands"] for word in texts()["words"]]
    scene.random.shuffle(pairs)
    while True:
        yield from pairs


def _class_of(name: str) -> str:
    if any(word in name for word in ("教育", "培训")):
        return EmployerClass.TUTORING
    if any(word in name for word in ("服饰", "电子", "木业", "食品", "石材")):
        return EmployerClass.MANUFACTURING
    if any(word in name for word in ("建", "劳务", "工程", "路桥", "水利", "装饰")):
        return EmployerClass.BUILDING
    return EmployerClass.OTHER


@cache
def counties() -> tuple[str, ...]:
    """Codes of all counties: asked some hundred times for one ledger."""
    return tuple(one.code for one in divisions.counties())


def _county(scene: Scene, prefecture: str) -> str:
    """A county of the prefecture, as a rule its seat."""
    own = [code for code in counties() if code[:4] == prefecture[:4]]
    return own[0] if scene.random.random() < 0.5 else scene.random.choice(own)


def _employ(scene: Scene, found: Parties, kind: Columns, name: str, region: str) -> None:
    registered = scene.ago(400, 500)
    found.jobs.append(kind["jobs"])
    found.employers.append(
        {
            "name": name,
            "uscc": credit_code(region, scene.random),
            "class": kind["class"],
            "legal_rep": scene.person(),
            "state_owned": kind.get("owned", False),
            "credit": scene.random.choice(("A", "A", "B", "B", "C", "")),
            "operating_status": scene.random.choice(("正常经营", "正常经营", "正常经营", "经营困难", "停业")),
            "region": region,
            "at": scene.moment(registered),
        }
    )


def credit_code(region: str, random: Random) -> str:
    """A code whose check digit is right; ``DEM`` in its middle tells it from those in use."""
    body = f"91{region}DEM{''.join(random.choices(_ALPHABET, k=6))}"
    return body + str(uscc.calc_check_digit(body))


def _site(scene: Scene, found: Parties, number: int) -> None:
    random, sites = scene.random, texts()["site"]
    site = sites[random.choices(range(len(sites)), weights=(5, 3, 2, 2))[0]]
    prefectures = divisions.prefectures()
    region = HOT[number] if number < len(HOT) else _county(scene, prefectures[number % len(prefectures)].code)
    builders = [at for at in found.near(region) if found.employers[at]["class"] == EmployerClass.BUILDING]
    owned = [at for at, one in enumerate(found.employers) if one["state_owned"]]
    contractor = random.choice(owned) if random.random() < 0.25 else random.choice(builders or owned)
    helper = random.choice(builders or owned)
    status = random.choices(list(ProjectStatus), weights=(8, 1, 2))[0]
    public = random.random()
    opened = scene.ago(390, 500)
    found.projects.append(
        {
            "name": _site_name(found, region, site["names"], random),
            "region": region,
            "industry": site["industry"],
            "developer": f"{divisions.short_name(region)}示例建设投资有限公司",
            "contractor_id": contractor,
            "subcontractors": [found.employers[helper]["name"]] if helper != contractor else [],
            "gov": public < 0.4,
            "ppp": 0.3 < public < 0.42,
            "soe": found.employers[contractor]["state_owned"],
            "status": str(status),
            "checks": duties(scene, scene.ago(1, 60)) if random.random() < 0.85 else {},
            "bond": _bond(scene) if random.random() < 0.8 else {},
            "at": scene.moment(opened),
        }
    )


def _site_name(found: Parties, region: str, names: Sequence[str], random: Random) -> str:
    """A name that no other site of the county bears; sites of one name are 标段 of one project."""
    name = f"{divisions.short_name(region)}{random.choice(names)}"
    same = sum(one["name"].startswith(name) for one in found.projects)
    return f"{name}（第{same + 1}标段）" if same else name


def duties(scene: Scene, on: date) -> Columns:
    """What was found of the eight duties on a day; one in twelve wanting."""
    found = {}
    for name in CHECKS:
        wanting = scene.random.random() < (0.1 if name in SYSTEMS else 0.06)
        value = CheckValue.NO if wanting else CheckValue.YES
        value = CheckValue.NOT_APPLICABLE if not wanting and scene.random.random() < 0.04 else value
        found[name] = {"value": str(value), "on": on.isoformat()}
    return found


def _bond(scene: Scene) -> Columns:
    expiry = scene.today + timedelta(days=scene.random.randint(-20, 500))
    amount = scene.random.randint(20, 300) * 10_000_00
    kind = scene.random.choice(("现金", "保函"))
    return {"kind": kind, "amount_fen": amount, "bank": "示例银行", "expiry": expiry.isoformat()}
