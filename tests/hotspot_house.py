"""Stories and cases of made-up places and days for the tests of the regional scan; all invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import insert

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.store import tables as t

SETTINGS = settings_module.load(environ={})
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Shanghai
DAY = timedelta(days=1)
ZHENXIONG, YILIANG, ZHAOTONG, KUNMING = "530627", "530628", "530600", "530102"


def person(role, region, name="示例"):
    return Actor(None, name, f"{name}同志", role, region, "10.20.0.9", "feedfeedfeed")


ADMIN = person(Role.ADMINISTRATOR, "530000")
SHIFT = person(Role.SHIFT_LEADER, "530000")
LEADER = person(Role.LEADER, "530000")
AUDITOR = person(Role.AUDITOR, "530000")
PREFECTURE = person(Role.PREFECTURE_REVIEWER, ZHAOTONG)
PREFECTURE_SHIFT = person(Role.SHIFT_LEADER, ZHAOTONG)
COUNTY_SHIFT = person(Role.SHIFT_LEADER, ZHENXIONG)
COUNTY = person(Role.COUNTY_CLERK, ZHENXIONG)
ELSEWHERE = person(Role.COUNTY_CLERK, KUNMING)


def story(**changes):
    """The columns of one story."""
    return {
        "title": "示例工地工人讨薪", "region": ZHENXIONG, "scope": "本省", "stance": "unresolved", "sentiment": -0.5,
        "workers": 12, "amount_fen": 140_000_00, "employer": None, "items": 1, "outlets": 1,
        "first_outlet": "示例都市报",
        "first_published_at": NOW, "first_seen_at": NOW, "last_seen_at": NOW, "level": "III", "score": 45,
        "severity": {}, "matched": [], "demo": False,
    } | changes  # fmt: skip


def stories(connection, *rows):
    """Write stories; their ids."""
    query = insert(t.story).returning(t.story.c.id, sort_by_parameter_order=True)
    return list(connection.execute(query, [story(**row) for row in rows]).scalars())


def alert(connection, story_id, state="新警情", number=None, **changes):
    columns = {
        "number": number or f"YJ2026-{story_id:04d}", "story_id": story_id, "level": "III", "score": 45, "state": state,
        "opened_at": NOW, "raised_at": NOW, "sign_due_at": NOW, "public_due_at": NOW, "case_ids": [], "demo": False,
    } | changes  # fmt: skip
    return connection.execute(insert(t.alert).values(columns).returning(t.alert.c.id)).scalar_one()


def cases(connection, *rows):
    """Write cases of one employer; their ids."""
    kept = {"created_at": NOW, "updated_at": NOW}
    employer = connection.execute(
        insert(t.employer)
        .values(name="示例建筑劳务有限公司", region=KUNMING, **_filled(t.employer, {"name", "region"}), **kept)
        .returning(t.employer.c.id)
    ).scalar_one()
    made = [
        {
            "number": f"AJ2026-{number:06d}", "employer_id": employer, "region": ZHENXIONG, "channel": "来访",
            "first_receiver": "示例受理人", "tags": [], "accepted_on": NOW.date(), "claimed_workers": 5,
            "claimed_migrants": 5, "claimed_fen": 50_000_00, "co_units": [], "state": "核查中", "created_by": "示例",
            "demo": False, **kept,
        }
        | row
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip
    query = insert(t.wage_case).returning(t.wage_case.c.id, sort_by_parameter_order=True)
    return [connection.execute(query, [one]).scalar_one() for one in made]


def _filled(table, given):
    """Something for every column that wants a value and has no default."""
    found = {}
    for column in table.c:
        needed = not column.nullable and column.server_default is None and not column.primary_key
        if needed and column.name not in given | {"created_at", "updated_at"}:
            kind = column.type.python_type
            found[column.name] = [] if kind in (list, dict) else kind()
    return found


def calm(days=120, a_day=2, seed=5, **changes):
    """Stories of a calm time: ``a_day`` each day, in counties drawn from all 129, ending today.

    Of late none around those where others gather, so that tests know what is found.
    """
    from monitors.hotspots.places import COUNTIES

    random = Random(seed)
    others = [code for code in COUNTIES if not code.startswith("5306")]
    return [
        {
            "region": random.choice(COUNTIES if day < days - 14 else others),
            "first_seen_at": NOW - (days - 1 - day) * DAY,
        }
        | changes
        for day in range(days)
        for _ in range(a_day)
    ]


def gathering(number=24, days=5, regions=(ZHENXIONG, YILIANG), **changes):
    """Stories that gather in ``regions`` during the last ``days`` days."""
    return [
        {"region": regions[index % len(regions)], "first_seen_at": NOW - (index % days) * DAY,
         "title": f"示例工地工人讨薪之{index}"}
        | changes
        for index in range(number)
    ]  # fmt: skip
