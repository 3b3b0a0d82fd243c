"""Inspections, clues, hazards and receptions of the demonstration ledger (演示数据). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitors.clock import local
from monitors.ledger import events
from monitors.ledger.demo_parties import HOT, Columns, Parties, Scene, counties, duties, texts
from monitors.ledger.demo_steps import CLERK, REVIEWER, Life
from monitors.ledger.model import (
    CaseState,
    Channel,
    CheckValue,
    ClueState,
    Conclusion,
    EmployerClass,
    HazardState,
    VisitKind,
)
from monitors.regions import divisions

INSPECTIONS, CLUES, HAZARDS, RECEPTIONS = 80, 60, 40, 28
_C, _H = ClueState, HazardState
# Of every nine clues some come no further, so that whatever the day each state is there.
_RESTING = {0: _C.NEW, 2: _C.PASSED_ON, 4: _C.ACCEPTED, 6: _C.CHECKING, 8: _C.CONCLUDED}


@dataclass(slots=True)
class Kept:
    """A record and its history; ``case_id`` in the row is a position in the list of cases."""

    row: Columns
    created_at: datetime
    at: datetime
    events: list[Columns] = field(default_factory=list)

    def tell(
        self, act: str, at: datetime, after: Columns, *, who: str = CLERK[1], before: Columns | None = None
    ) -> None:
        """One act in the record's history."""
        self.events.append({
            "at": at, "act": act, "actor": who, "before": events.plain(before or {}), "after": events.plain(after),
            "note": "",
        })  # fmt: skip
        self.at = at

    def move(self, to: str, at: datetime, given: Columns | None = None, *, who: tuple[str, str] = CLERK) -> None:
        """Bring it into the next state, with what is given for it."""
        after = {"state": str(to), "by": who[0]} | (given or {})
        self.tell(events.MOVED, at, after, who=who[1], before={"state": self.row["state"]})
        self.row |= {name: value for name, value in after.items() if name in self.row}


def _noted(row: Columns, at: datetime, *names: str) -> Kept:
    told = Kept(row, at, at)
    told.tell("登记", at, {name: row[name] for name in names if row[name]})
    return told


def inspections(scene: Scene, parties: Parties, cases: Sequence[Life]) -> list[Kept]:
    """Whoever was found owing of late was inspected, others as it came; what was found is the project's state.

    The form would else show more projects in arrears than inspected (F09).
    """
    found, random = [], scene.random
    campaign, lately = scene.settings.campaign, scene.today - timedelta(days=30)
    since = campaign.start if campaign.start < scene.today <= campaign.end else lately
    owed = {
        (life.row["project_id"], None if life.row["project_id"] is not None else life.row["employer_id"]): life.row
        for life in cases
        if life.row["verified_on"] and life.row["verified_on"] >= since
    }
    wanted = sorted(owed.values(), key=lambda row: row["project_id"] is None)[: INSPECTIONS * 3 // 4]
    days = (scene.today - since).days
    for number in range(INSPECTIONS):
        case = wanted[number] if number < len(wanted) else None
        on = scene.ago(1, days) if case or number % 2 else scene.ago(31, 330)
        project = random.randrange(len(parties.projects)) if number % 3 else None
        project = case["project_id"] if case else project
        place = parties.projects[project] if project is not None else None
        employer = place["contractor_id"] if place else random.randrange(len(parties.employers))
        employer = case["employer_id"] if case else employer
        owing = parties.employers[employer]
        workers = random.randint(12, 260)
        migrants = 0 if owing["class"] == EmployerClass.TUTORING else round(workers * random.uniform(0.5, 0.95))
        region = place["region"] if place else (case or owing)["region"]
        seen = duties(scene, on) if place else {}
        if place and seen and max((one["on"] for one in place["checks"].values()), default="") <= on.isoformat():
            place["checks"] = seen
        row: Columns = {
            "employer_id": employer, "project_id": project, "region": region, "on": on,
            "unit": f"{divisions.short_name(region)}{scene.pick('unit')}", "workers": workers, "migrants": migrants,
            "migrants_with_contract": round(migrants * random.uniform(0.7, 1.0)), "checks": seen,
            "note": scene.pick("inspection"),
        }  # fmt: skip
        found.append(_noted(row, scene.moment(on), "on", "unit", "workers"))
    return sorted(found, key=lambda one: one.created_at)


def clues(scene: Scene, parties: Parties, cases: Sequence[Life]) -> list[Kept]:
    """Some became the cases they are bound to, some were settled otherwise, the newest are still being looked at."""
    found, random = [], scene.random
    bound = [at for at, life in enumerate(cases) if life.row["channel"] != Channel.SCREENING]
    bound = random.sample(bound[len(bound) // 2 :], k=CLUES * 2 // 5)
    for number in range(CLUES):
        case = bound[number] if number < len(bound) else None
        rest = _RESTING.get(number % 9)
        found.append(_from_case(scene, parties, cases, case) if case is not None else _clue(scene, parties, rest))
    return sorted(found, key=lambda one: one.created_at)


def _clue_row(scene: Scene, at: datetime, region: str, channel: str) -> Columns:
    due = local(at).date() + timedelta(days=scene.settings.ledger.clue_finish_days)
    return {
        "channel": channel, "external_no": "", "region": region, "first_receiver": scene.person(), "received_at": at,
        "employer_name": "", "project_name": "", "employer_id": None,
        "summary": scene.pick("clue").format(县=divisions.short_name(region)), "persons": None, "amount_fen": None,
        "unit": "", "person": "", "target_unit": "", "state": str(_C.NEW), "conclusion": "", "due": due,
        "feedback_on": None, "feedback_how": "", "case_id": None, "concluded_at": None,
    }  # fmt: skip


def _from_case(scene: Scene, parties: Parties, cases: Sequence[Life], case: int) -> Kept:
    life = cases[case]
    at = life.created_at - timedelta(days=scene.random.randint(1, 4), minutes=30)
    told = life.row
    row = _clue_row(scene, at, told["region"], told["channel"])
    row |= {"employer_name": parties.employers[told["employer_id"]]["name"], "employer_id": told["employer_id"],
            "external_no": told["external_no"], "first_receiver": told["first_receiver"],
            "persons": told["claimed_workers"], "amount_fen": told["claimed_fen"]}  # fmt: skip
    clue = _noted(row, at, "channel", "region", "summary")
    accepted = at + timedelta(minutes=20)
    clue.move(_C.ACCEPTED, accepted, {"unit": f"{divisions.short_name(row['region'])}劳动保障监察大队",
                                      "person": scene.person()})  # fmt: skip
    clue.move(_C.CHECKING, accepted + timedelta(hours=2))
    clue.move(_C.CONCLUDED, life.created_at, {"conclusion": str(Conclusion.CASE), "case_id": case})
    clue.row["concluded_at"] = life.created_at
    _answer(scene, clue)
    return clue


def _clue(scene: Scene, parties: Parties, rest: ClueState | None) -> Kept:
    """``rest``: the state it stands still in, None where it goes on to its end."""
    random = scene.random
    region = random.choice((*HOT, *counties()[::4]))
    channel = random.choice((Channel.PHONE, Channel.WEBSITE, Channel.FORWARDED, Channel.NATIONAL_PLATFORM))
    day = scene.ago(1, 24) if rest or random.random() < 0.5 else scene.ago(25, 200)
    at = scene.moment(day)
    row = _clue_row(scene, at, region, str(channel))
    workers = random.randint(1, 25)
    row |= {"employer_name": random.choice(parties.employers)["name"], "persons": workers,
            "amount_fen": workers * random.randint(30, 150) * 100_00}  # fmt: skip
    if channel == Channel.NATIONAL_PLATFORM:
        row["external_no"] = f"YSX{day:%Y%m%d}{random.randrange(10**6):06d}"
    clue = _noted(row, at, "channel", "region", "summary")
    unit = f"{divisions.short_name(region)}劳动保障监察大队"
    if rest == _C.PASSED_ON or (rest is None and random.random() < 0.15):
        steps: list[tuple[ClueState, int, Columns]] = [(_C.PASSED_ON, 1, {"target_unit": unit})]
    else:
        steps = [(_C.ACCEPTED, 1, {"unit": unit, "person": scene.person()})]
    steps.append((_C.CHECKING, 2, {}))
    if rest is None or rest == _C.CONCLUDED:
        ending = random.choice((Conclusion.SOLVED, Conclusion.SOLVED, Conclusion.NOT_WAGES, Conclusion.COURT,
                                Conclusion.UNFOUNDED, Conclusion.UNREACHABLE))  # fmt: skip
        steps.append((_C.CONCLUDED, 8, {"conclusion": str(ending)}))
    for to, most, given in steps:
        if clue.row["state"] == rest:
            return clue
        then = scene.moment(local(clue.at).date() + timedelta(days=random.randint(0, most)), after=clue.at)
        if then > scene.now:
            return clue
        who = CLERK
        if given.get("conclusion") == Conclusion.UNFOUNDED:
            who, given = REVIEWER, given | {"evidence": texts()["words_of"]["unfounded"][0][1]}  # noqa: PLW2901
        clue.move(to, then, given, who=who)
        if to == _C.CONCLUDED:
            clue.row["concluded_at"] = then
    if rest is None and clue.row["state"] == _C.CONCLUDED:
        _answer(scene, clue)
    return clue


def _answer(scene: Scene, clue: Kept) -> None:
    """Feedback to who complained, then 办结."""
    for to in (_C.ANSWERED, _C.DONE):
        at = scene.moment(local(clue.at).date() + timedelta(days=scene.random.randint(0, 3)), after=clue.at)
        if at > scene.now or scene.random.random() < 0.08:
            return
        given = {"feedback_on": local(at).date(), "feedback_how": scene.pick("feedback")} if to == _C.ANSWERED else {}
        clue.move(to, at, given)


def hazards(scene: Scene, parties: Parties, cases: Sequence[Life]) -> list[Kept]:
    """Failed duties of projects first, then others; some became the case of their project."""
    found, random = [], scene.random
    wanting = [
        (at, name)
        for at, one in enumerate(parties.projects)
        for name, seen in one["checks"].items()
        if seen["value"] == CheckValue.NO
    ]
    for number in range(HAZARDS):
        if number < min(len(wanting), HAZARDS // 2):
            project, duty = wanting[number]
            place, source = parties.projects[project], f"{duty}未落实"
            seen = date.fromisoformat(place["checks"][duty]["on"])
            at = scene.moment(min(max(seen, scene.ago(60, 60)), scene.ago(1, 1)))
        else:
            project = random.randrange(len(parties.projects))
            place, source = parties.projects[project], random.choice(("排查", "检查", "线索", "舆情", "部门通报"))
            at = scene.moment(scene.ago(1, 90))
        workers = random.randint(8, 120)
        row: Columns = {
            "region": place["region"], "employer_id": place["contractor_id"], "project_id": project, "source": source,
            "cause": scene.pick("cause"), "persons": workers, "amount_fen": workers * random.randint(40, 160) * 100_00,
            "plan": "", "unit": "", "person": "", "due": None, "recheck_on": None, "proof": "",
            "state": str(_H.NOTED), "case_id": None,
        }  # fmt: skip
        hazard = _noted(row, at, "source", "cause", "region")
        _defuse(scene, hazard, cases)
        found.append(hazard)
    return sorted(found, key=lambda one: one.created_at)


def _defuse(scene: Scene, hazard: Kept, cases: Sequence[Life]) -> None:
    random, row = scene.random, hazard.row
    county = divisions.short_name(row["region"])

    def later(least: int, most: int) -> datetime:
        return scene.moment(local(hazard.at).date() + timedelta(days=random.randint(least, most)), after=hazard.at)

    at = later(0, 3)
    if at > scene.now or random.random() < 0.08:
        return
    duty = {"plan": scene.pick("site_plan"), "unit": f"{county}{scene.pick('unit')}", "person": scene.person(),
            "due": local(at).date() + timedelta(days=random.randint(7, 30))}  # fmt: skip
    hazard.move(_H.DEFUSING, at, duty)
    if random.random() < 0.25:
        return
    same = [
        (number, life) for number, life in enumerate(cases)
        if life.row["project_id"] == row["project_id"] and life.created_at > hazard.at
        and life.row["state"] != CaseState.UNFOUNDED
    ]  # fmt: skip
    if same and random.random() < 0.4:
        hazard.move(_H.BECAME_CASE, same[0][1].created_at, {"case_id": same[0][0]})
        return
    if (at := later(3, 20)) > scene.now:
        return
    hazard.move(_H.REMOVED, at, {"proof": texts()["words_of"]["removed"]})
    row["recheck_on"] = local(at).date() + timedelta(days=scene.settings.ledger.recheck_days)
    if (at := later(30, 34)) > scene.now:
        return
    hazard.move(_H.RECHECKING, at)
    if (at := later(0, 3)) <= scene.now:
        hazard.move(_H.ENDED, at, {"finding": texts()["words_of"]["rechecked"]})
        row["recheck_on"] = None


def receptions(scene: Scene, cases: Sequence[Life]) -> list[Kept]:
    """Visits, the larger ones by representatives; most about a case that was accepted about then."""
    found, random = [], scene.random
    recent = [at for at, life in enumerate(cases) if life.row["accepted_on"] > scene.today - timedelta(days=120)]
    for number, case in enumerate(random.sample(recent, k=RECEPTIONS)):
        life = cases[case]
        on = life.row["accepted_on"]
        kind = (VisitKind.SINGLE, VisitKind.GROUP, VisitKind.JOINT)[number % 3]
        persons = random.randint(1, 3) if kind == VisitKind.SINGLE else random.randint(6, 40)
        county = divisions.short_name(life.row["region"])
        units = ["人力资源和社会保障局", "信访局", "住房和城乡建设局", "公安局", "司法局"]
        joined = random.sample(units, k=3 if kind == VisitKind.JOINT else 1)
        row: Columns = {
            "region": life.row["region"], "on": on, "kind": str(kind), "units": [county + one for one in joined],
            "staff": sorted({scene.person() for _ in joined}), "persons": persons,
            "representatives": 0 if kind == VisitKind.SINGLE else random.randint(2, 5),
            "case_id": case if random.random() < 0.8 else None, "note": scene.pick("reception"),
        }  # fmt: skip
        found.append(_noted(row, life.created_at, "kind", "persons", "units"))
    return sorted(found, key=lambda one: one.created_at)
