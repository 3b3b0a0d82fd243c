"""Cases of the demonstration ledger (演示数据) and how each went on, along the legal ways of ``ways``. Pure.

A case is lived day by day from its acceptance to today; what lies in the future does not happen, and some stand still
on the way, which is where overdue ones come from. Figures, documents and payments obey what the writers ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from monitors.clock import local
from monitors.ledger import checks, deadlines, law, suggestions
from monitors.ledger.demo_parties import HOT, Columns, Parties, Scene, Told, counties, texts
from monitors.ledger.demo_steps import CLERK, Life, enter, mark, pay_part
from monitors.ledger.model import (
    CLOSED_CASE,
    LEADERS,
    OVER_CASE,
    CaseState,
    Channel,
    EmployerClass,
    ProjectStatus,
)

CASES = 420

_S = CaseState
_Step = tuple[CaseState, int, int]  # the next state, after so many days at least and at most
_END: tuple[_Step, ...] = ((_S.SETTLING, 3, 20), (_S.SETTLED, 0, 3), (_S.RECHECKING, 30, 34), (_S.ENDED, 0, 4))
_START: tuple[_Step, ...] = ((_S.CHECKING, 0, 2), (_S.VERIFIED, 2, 9))
_FILED: tuple[_Step, ...] = (*_START, (_S.FILED, 0, 4))
_ORDERED: tuple[_Step, ...] = (*_FILED, (_S.ORDERED, 1, 5))
# How often a case goes which way (domain.md 3.2).
_PATHS: tuple[tuple[int, tuple[_Step, ...]], ...] = (
    (46, (*_START, (_S.MEDIATING, 0, 3), *_END)),
    (4, (*_START, *_END)),
    (19, (*_ORDERED, *_END)),
    (9, (*_ORDERED, (_S.PENALISED, 12, 25), *_END)),
    (4, (*_ORDERED, (_S.PENALISED, 12, 25), (_S.ENFORCING, 15, 40), *_END)),
    (6, (*_ORDERED, (_S.TRANSFERRED, 12, 22), *_END)),
    (9, ((_S.CHECKING, 0, 2), (_S.UNFOUNDED, 3, 12))),
    (2, (*_FILED, (_S.WITHDRAWN, 5, 15), *_END)),
    (2, (*_START, *_END[:3], (_S.CHECKING, 1, 3), (_S.VERIFIED, 2, 6), *_END)),
)
# What chance might leave out: one open case or more in each of the rarer states, whatever the day.
_CAST: tuple[tuple[tuple[_Step, ...], int], ...] = (
    ((), 2),
    *(((*_ORDERED, (_S.PENALISED, 12, 25), (_S.ENFORCING, 15, 40)), 100),) * 2,
    *(((*_ORDERED, (_S.TRANSFERRED, 12, 22)), 60),) * 3,
    ((*_FILED, (_S.WITHDRAWN, 5, 15)), 45),
    *(((*_ORDERED, (_S.PENALISED, 12, 25)), 65),) * 2,
    *(((*_START, (_S.MEDIATING, 0, 3), *_END[:3]), 90),) * 3,
)
_STANDSTILL = 0.17  # of the cases stop at some step
_CHANNELS = (
    *(Channel.PHONE,) * 4, *(Channel.VISIT,) * 4, *(Channel.HOTLINE_12333,) * 4, *(Channel.NATIONAL_PLATFORM,) * 4,
    *(Channel.FORWARDED,) * 2, *(Channel.SCREENING,) * 3, *(Channel.OPINION,) * 2, Channel.GROUP_VISIT,
    Channel.HOTLINE_12345, Channel.PETITION, Channel.JOINT_RECEPTION, Channel.ASSIGNED, Channel.WEBSITE,
)  # fmt: skip
_NUMBERED = (Channel.HOTLINE_12333, Channel.NATIONAL_PLATFORM, Channel.HOTLINE_12345, Channel.PETITION)
_SIZES = (((1, 4), 34), ((5, 14), 31), ((15, 30), 20), ((31, 49), 10), ((50, 140), 5))


def lives(scene: Scene, parties: Parties) -> list[Life]:
    """All cases, oldest first; every county has one."""
    found = []
    told = parties.told
    for number in range(CASES - len(_CAST)):
        if number < len(told):
            found.append(_life(scene, parties, told[number][0].region, told[number][1], told=told[number][0]))
        elif number < len(told) + len(counties()):
            found.append(_life(scene, parties, counties()[number - len(told)]))
        else:
            place = scene.random.choice(HOT) if scene.random.random() < 0.2 else _somewhere(scene)
            found.append(_life(scene, parties, place))
    found += [_life(scene, parties, _somewhere(scene), cast=cast) for cast in _CAST]
    found.sort(key=lambda life: life.created_at)
    _recur(found, parties)
    for life in found:
        _derive(scene, parties, life)
    return found


def _somewhere(scene: Scene) -> str:
    """A county, seats of prefectures and their neighbours before others."""
    weights = [4 if code.endswith(("01", "02", "03")) else 1 for code in counties()]
    return scene.random.choices(counties(), weights=weights)[0]


def _accepted(scene: Scene) -> date:
    """A third within the last five weeks, most within the year, a few older ones for 陈案."""
    draw = scene.random.random()
    if draw < 0.36:
        return scene.ago(1, 35)
    return scene.ago(366, 380) if draw > 0.985 else scene.ago(36, 365)


def _life(
    scene: Scene,
    parties: Parties,
    region: str,
    employer: int | None = None,
    *,
    cast: tuple[tuple[_Step, ...], int] | None = None,
    told: Told | None = None,
) -> Life:
    random = scene.random
    at = scene.moment(scene.ago(cast[1], cast[1]) if cast else _accepted(scene))
    if told and told.lead_days:
        at = scene.moment(local(told.at).date() - timedelta(days=told.lead_days))
    elif told:  # entered by who read the report, within the hour
        at = min(told.at + timedelta(minutes=scene.random.randint(15, 55)), scene.now)
    accepted = local(at).date()
    sites = parties.sites(region)
    project = random.choice(sites) if sites and employer is None and random.random() < 0.75 else None
    if employer is None and project is not None:
        employer = parties.projects[project]["contractor_id"]
    elif employer is None:
        employer = random.choice([at for at in parties.near(region) if not parties.employers[at]["state_owned"]])
    owing = parties.employers[employer]
    size = random.choices([span for span, _ in _SIZES], weights=[weight for _, weight in _SIZES])[0]
    workers = told.workers if told and told.workers else random.randint(*size)
    claimed = workers * random.randint(3_000, 22_000) // 500 * 500 * 100
    claimed = told.amount_fen if told and told.amount_fen else claimed
    months = random.randint(1, 6)
    until = accepted - timedelta(days=random.randint(10, 50))
    since = until - timedelta(days=30 * months)
    job = random.choice(parties.jobs[employer])
    path = random.choices([steps for _, steps in _PATHS], weights=[weight for weight, _ in _PATHS])[0]
    path = cast[0] if cast else path if told is None or path[-1][0] != _S.UNFOUNDED else _PATHS[0][1]
    contract = bool(path) and path[-1][0] == _S.UNFOUNDED and random.random() < 0.5
    words = texts()["words_of"]["contract_summary"] if contract else scene.pick("summary")
    channel = random.choice(_CHANNELS) if told is None or told.lead_days else Channel.OPINION
    if told and told.lead_days and channel == Channel.OPINION:
        channel = Channel.VISIT
    place = parties.projects[project] if project is not None else None
    lead, helping = law.lead_unit(place, owing)
    major = checks.is_major(workers, claimed, scene.settings)
    row: Columns = {
        "employer_id": employer, "project_id": project, "region": region, "channel": str(channel),
        "external_no": f"YS{accepted:%Y%m%d}{random.randrange(10**6):06d}" if channel in _NUMBERED else "",
        "first_receiver": scene.person(), "tags": _tags(scene, owing, words, accepted),
        "summary": words.format(人数=workers, 工种=job, 单位=owing["name"], 月数=months, 万元=f"{claimed / 10**6:.1f}"),
        "occurred_on": since, "accepted_on": accepted, "claimed_workers": workers,
        "claimed_migrants": _migrants(scene, owing, workers), "claimed_fen": claimed, "verified_workers": None,
        "verified_migrants": None, "verified_fen": None, "verified_migrant_fen": None, "verified_on": None,
        "prior_period": False, "period_from": since, "period_to": until, "lead_unit": lead, "co_units": list(helping),
        "plan": "", "unit": "", "person": "", "due": None, "deadline": None, "major": major, "listed": False,
        "escalated": False, "leader": scene.person() if major else "", "leader_unit": LEADERS[0] if major else "",
        "recurring": False, "state": str(_S.RECEIVED), "handler": "", "filed_on": None, "withdrawn_on": None,
        "closed_on": None, "legal_ending": "", "recheck_on": None, "paid_workers": 0, "paid_fen": 0,
        "created_by": CLERK[0],
    }  # fmt: skip
    life = Life(row, at, at)
    life.tell("登记", at, {name: row[name] for name in ("state", "region", "channel", "summary", "claimed_workers",
                                                       "claimed_fen", "accepted_on")})  # fmt: skip
    _walk(scene, life, path, halting=cast is None)
    if row["state"] not in OVER_CASE and row["verified_on"]:
        mark(scene, life)
    return life


def _tags(scene: Scene, owing: Columns, words: str, accepted: date) -> list[str]:
    found = []
    if (scene.today - accepted).days > scene.settings.ledger.old_days:
        found.append("陈案")
    if owing["class"] == EmployerClass.TUTORING:
        found.append("校外培训机构裁员")
    elif words == texts()["words_of"]["contract_summary"]:
        found.append("工程款纠纷")
    elif owing["class"] == EmployerClass.BUILDING and scene.random.random() < 0.15:
        found.append("房地产欠款")
    if accepted.month in (12, 1) and scene.random.random() < 0.4:
        found.append("元旦春节")
    return found


def _migrants(scene: Scene, owing: Columns, workers: int) -> int:
    if owing["class"] == EmployerClass.TUTORING:
        return 0
    share = 1.0 if owing["class"] == EmployerClass.BUILDING else scene.random.uniform(0.4, 1.0)
    return min(workers, max(1, round(workers * share)))


def _walk(scene: Scene, life: Life, path: Sequence[_Step], *, halting: bool) -> None:
    halts = halting and scene.random.random() < _STANDSTILL
    stop = scene.random.randint(1, len(path)) if halts else len(path)
    for to, least, most in path[:stop]:
        day = local(life.at).date() + timedelta(days=scene.random.randint(least, most))
        at = scene.moment(day, after=life.at)
        if at > scene.now:
            break
        enter(scene, life, to, at)
    if life.row["verified_on"] and life.row["state"] not in OVER_CASE and not life.payments:
        pay_part(scene, life)


def _recur(found: Sequence[Life], parties: Parties) -> None:
    """边清边欠 (R20): accepted after earlier arrears of the same project, still 在建, had been settled."""
    settled: dict[int, date] = {}
    for life in found:
        project, closed = life.row["project_id"], life.row["closed_on"]
        if project is not None and closed:
            settled[project] = min(closed, settled.get(project, closed))
    for life in found:
        project = life.row["project_id"]
        if project is None or parties.projects[project]["status"] != ProjectStatus.UNDER_WAY:
            continue
        again = project in settled and settled[project] <= life.row["accepted_on"]
        life.row["recurring"] = again and life.row["state"] not in OVER_CASE


def _derive(scene: Scene, parties: Parties, life: Life) -> None:
    """The deadline as the rules give it, and what the law's thresholds propose; a closed case keeps its deadline."""
    row = life.row
    closed = row["state"] in CLOSED_CASE
    held = row | {"closed_on": None}
    at = row["closed_on"] if closed else scene.today
    running = deadlines.clocks(held, life.measures, life.changes, settings=scene.settings, today=at)
    row["deadline"] = deadlines.effective(running)
    if closed:
        return
    project = parties.projects[row["project_id"]] if row["project_id"] is not None else None
    owing = parties.employers[row["employer_id"]]
    for one in law.suggestions(row, life.measures, owing, settings=scene.settings, today=at, project=project):
        why = suggestions.words(one)
        life.suggestions.append(
            {"kind": str(one.kind), "rule": one.rule[:120], "why": why, "at": life.at, "state": suggestions.OPEN}
        )
