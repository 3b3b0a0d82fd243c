"""Small ledgers for the tests of 附件2: rows written straight into the tables, and a second, different count."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from monitors.ledger.model import EmployerClass, MeasureType
from monitors.settings import Campaign
from monitors.store import tables as t

GOLDEN = Path(__file__).with_name("data") / "form_every_rule.json"
AT = datetime(2021, 12, 3, 1, 0, tzinfo=UTC)
CAMPAIGN = Campaign(
    name="示例冬季行动",
    code="2021",
    start=date(2021, 11, 1),
    end=date(2022, 1, 31),
    spring_festival=date(2022, 2, 1),
)
Ledger = dict[str, list[dict[str, Any]]]
TABLES = ("employer", "project", "inspection", "wage_case", "payment", "measure")
# What a table needs besides what the form reads.
REST: dict[str, dict[str, Any]] = {
    "employer": {},
    "project": {"industry": "住建", "subcontractors": [], "status": "在建", "checks": {}, "bond": {}},
    "inspection": {"unit": "示例大队", "checks": {}, "project_id": None},
    "wage_case": {
        "channel": "电话", "first_receiver": "示例", "tags": [], "co_units": [], "accepted_on": date(2021, 10, 1),
        "claimed_workers": 1, "claimed_migrants": 1, "claimed_fen": 1, "state": "核查中", "created_by": "示例",
        "project_id": None, "verified_on": None, "verified_workers": None, "verified_migrants": None,
        "verified_fen": None, "verified_migrant_fen": None, "prior_period": False, "filed_on": None,
        "withdrawn_on": None, "closed_on": None, "first_filed_on": None, "first_closed_on": None,
    },
    "payment": {"source": "企业", "proof": "示例凭证"},
    "measure": {"doc_no": "示例〔2021〕1号", "case_id": None},
}  # fmt: skip


def golden() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def write(connection: Connection, ledger: Ledger) -> None:
    """Insert a ledger; dates may be ISO texts."""
    for name in TABLES:
        rows = [
            {
                "demo": False, "created_at": AT, "updated_at": AT, **REST[name],
                **({"number": f"AJ2021-{row['id']:06d}"} if name == "wage_case" else {}),
                **{key: _dated(key, value) for key, value in row.items()},
            }
            for row in ledger.get(name, ())
        ]  # fmt: skip
        if rows:
            connection.execute(insert(getattr(t, name)), rows)


def _dated(key: str, value: Any) -> Any:
    return date.fromisoformat(value) if (key == "on" or key.endswith("_on")) and isinstance(value, str) else value


def chance_ledger(seed: int, *, cases: int = 60) -> Ledger:
    """A ledger nobody has thought out: dates around the campaign's edges, overlaps of every kind, gaps."""
    chance = random.Random(seed)
    regions = ("530102", "530103", "530302", "530100", "530000")
    days = [date(2021, 10, 28) + timedelta(days=number) for number in range(9)]
    days += [date(2021, 11, 28) + timedelta(days=number) for number in range(6)]

    def day(gap: float = 0.0) -> date | None:
        return None if chance.random() < gap else chance.choice(days)

    employers = [
        {"id": n, "name": f"单位{n}", "class": str(chance.choice(list(EmployerClass))), "region": "530102"}
        for n in range(1, 13)
    ]
    projects = [
        {"id": n, "name": f"项目{n}", "region": "530102", **{f: chance.random() < 0.4 for f in ("gov", "ppp", "soe")}}
        for n in range(1, 9)
    ]
    some = {"employer": employers, "project": projects, "inspection": [], "wage_case": [], "payment": [], "measure": []}
    for number in range(1, cases + 1):
        workers = chance.randint(0, 40)
        migrants = chance.randint(0, workers)
        some["inspection"].append({
            "id": number, "employer_id": chance.randint(1, 12), "project_id": chance.choice([None, *range(1, 9)]),
            "on": day(), "region": chance.choice(regions), "workers": workers, "migrants": migrants,
            "migrants_with_contract": chance.randint(0, migrants),
        })  # fmt: skip
        workers = chance.randint(1, 40)
        fen = chance.randint(1, 9_999_999)
        verified, filed, closed = day(0.3), day(0.5), day(0.5)
        again = {}  # filed anew, or the arrears came back: the first day is kept beside the last
        if filed and chance.random() < 0.3:
            again["first_filed_on"] = min(filed, day())
        if chance.random() < 0.3:
            again["first_closed_on"] = min(closed, day()) if closed else day()
        some["wage_case"].append({
            "id": number, "employer_id": chance.randint(1, 12), "project_id": chance.choice([None, *range(1, 9)]),
            "region": chance.choice(regions), "prior_period": chance.random() < 0.1, "filed_on": filed,
            "closed_on": closed, **again,
            **({"verified_on": verified, "verified_workers": workers, "verified_fen": fen,
                "verified_migrants": chance.randint(0, workers), "verified_migrant_fen": chance.randint(0, fen)}
               if verified else {}),
        })  # fmt: skip
        some["measure"].append({
            "id": number, "employer_id": chance.randint(1, 12), "case_id": chance.choice([None, number]),
            "region": chance.choice(regions), "type": str(chance.choice(list(MeasureType))), "on": day(),
        })  # fmt: skip
        _payments(chance, some["payment"], number, sorted(day() for _ in range(chance.randint(0, 4))))
    return some


def _payments(chance: random.Random, into: list[dict[str, Any]], case_id: int, on: list[date]) -> None:
    """Payments to people with names: ``first_persons`` is what a clerk would have written down."""
    people = [(number, chance.random() < 0.7) for number in range(12)]
    before: set[tuple[int, bool]] = set()
    for day in on:
        now = set(chance.sample(people, chance.randint(1, 8)))
        fresh, wage = now - before, chance.randint(1, 5_000_000)
        extra = chance.choice([0, 0, chance.randint(0, wage)])
        into.append({
            "id": len(into) + 1, "case_id": case_id, "on": day, "persons": len(now),
            "migrants": sum(m for _, m in now), "first_persons": len(fresh), "first_migrants": sum(m for _, m in fresh),
            "wage_fen": wage, "wage_migrant_fen": chance.randint(0, wage), "compensation_fen": extra,
            "compensation_migrant_fen": chance.randint(0, extra),
        })  # fmt: skip
        before |= now


def recount(ledger: Ledger, start: date, cutoff: date, region: str) -> tuple[list[list[int]], list[int]]:
    """Rows 1–5 and the 14 blanks, by walking over every record: written without a look at ``monitors.ledger.form``."""
    stem = region.rstrip("0") if region.endswith("00") else region
    stem = {"530000": "53", "530100": "5301"}.get(region, stem)
    class_of = {one["id"]: one["class"] for one in ledger["employer"]}
    project = {one["id"]: one for one in ledger["project"]}
    table: dict[str, list[int]] = {name: [0] * 21 for name in EmployerClass}
    blanks = [0] * 14

    def counts(day: date | None, place: str) -> bool:
        return day is not None and start <= day <= cutoff and place.startswith(stem)

    newest: dict[int, tuple[date, int, dict[str, Any]]] = {}
    seen: list[set[int]] = [set(), set(), set()]
    owing: list[set[int]] = [set(), set(), set()]
    for one in ledger["inspection"]:
        if not counts(one["on"], one["region"]):
            continue
        mark = (one["on"], one["id"], one)
        if one["employer_id"] not in newest or mark[:2] > newest[one["employer_id"]][:2]:
            newest[one["employer_id"]] = mark
        for place, flag in enumerate(("gov", "ppp", "soe")):
            if one["project_id"] and project[one["project_id"]][flag]:
                seen[place].add(one["project_id"])
    for employer, (_, _, one) in newest.items():
        line = table[class_of[employer]]
        line[1] += 1
        for column, key in ((2, "workers"), (3, "migrants"), (4, "migrants_with_contract")):
            line[column] += one[key]

    debtors: dict[str, set[int]] = defaultdict(set)
    paid: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(ledger["payment"], key=lambda row: (row["on"], row["id"])):
        paid[one["case_id"]].append(one)
    for one in ledger["wage_case"]:
        name = class_of[one["employer_id"]]
        line = table[name]
        if counts(one.get("verified_on"), one["region"]):
            debtors[name].add(one["employer_id"])
            for column, key in ((6, "workers"), (7, "migrants"), (8, "fen"), (9, "migrant_fen")):
                line[column] += one[f"verified_{key}"]
            for place, flag in enumerate(("gov", "ppp", "soe")):
                if one["project_id"] and project[one["project_id"]][flag]:
                    owing[place].add(one["project_id"])
                    blanks[place * 4 + 2] += one["verified_fen"]
                    blanks[place * 4 + 3] += one["verified_workers"]
        filings = [one[key] for key in ("filed_on", "first_filed_on") if one.get(key)]
        closings = [one[key] for key in ("closed_on", "first_closed_on") if one.get(key)]
        line[10] += any(counts(filing, one["region"]) for filing in filings)
        filed_by_then = any(filing <= cutoff for filing in filings)
        line[11] += any(counts(closing, one["region"]) for closing in closings) and not filed_by_then
        for column, key in ((12, "persons"), (13, "migrants")):
            new = old = 0
            for payment in paid[one["id"]]:
                if counts(payment["on"], one["region"]):
                    old = max(old, payment[key] - payment[f"first_{key}"] - new)
                    new += payment[f"first_{key}"]
            line[column] += new + old
        for payment in paid[one["id"]]:
            if counts(payment["on"], one["region"]):
                line[14] += payment["wage_fen"] + payment["compensation_fen"]
                line[15] += payment["wage_migrant_fen"] + payment["compensation_migrant_fen"]
    columns = {"责令改正": 16, "责令支付": 16, "行政处理": 17, "行政处罚": 18, "移送公安": 19, "公安立案": 20}
    published: set[int] = set()
    for one in ledger["measure"]:
        if counts(one["on"], one["region"]):
            if one["type"] in columns:
                table[class_of[one["employer_id"]]][columns[one["type"]]] += 1
            elif one["type"] == "公布":
                published.add(one["employer_id"])
            elif one["type"] == "失信":
                blanks[13] += 1
    for name, who in debtors.items():
        table[name][5] = len(who)
    for place in range(3):
        blanks[place * 4], blanks[place * 4 + 1] = len(seen[place]), len(owing[place])
    blanks[12] = len(published)
    lines = [table[name][1:] for name in EmployerClass]
    return [[sum(column) for column in zip(*lines, strict=True)], *lines], blanks
