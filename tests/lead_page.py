"""The page 线索与隐患 under test: its records, the page itself, and what it was given."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from monitors.clock import utc_now
from monitors.ledger import clues, hazards, receptions, transitions
from monitors.ledger.clues import ClueDraft
from monitors.ledger.hazards import HazardDraft
from monitors.ledger.model import ClueState, HazardState, Record
from monitors.ledger.receptions import ReceptionDraft
from monitors.store import tables as t
from tests import ledger_house as ledger

ROOT = Path(__file__).resolve().parent.parent
FAR = "530627"
DUTY = {"plan": "督促拨付人工费", "unit": "示例区住建局", "person": "示例责任人", "due": date(2030, 1, 5)}


@dataclasses.dataclass
class Held:
    """Numbers: a clue being checked, a new one that is late, one of 镇雄; a hazard defused and one nobody touched."""

    checking: str
    late: str
    far: str
    defusing: str
    stale: str
    visit: str


def clue(connection, who=ledger.CLERK, *, at=ledger.NOW, reporter=None, **more):
    plain = {
        "channel": "舆情", "region": who.region, "received_at": at - timedelta(hours=1),
        "employer_name": "示例建筑劳务有限公司", "summary": "视频称三个月工资未发",
    } | more  # fmt: skip
    return clues.add(connection, who, ClueDraft(**plain), settings=ledger.SETTINGS, now=at, reporter=reporter)


def move(connection, kind, made, to, given=None, who=ledger.CLERK, now=ledger.NOW):
    table = {Record.CLUE: t.clue, Record.HAZARD: t.hazard}[kind]
    at = connection.scalar(select(table.c.revision).where(table.c.id == made))
    transitions.move(connection, who, kind, made, to, given or {}, at, settings=ledger.SETTINGS, now=now)


def checking(connection, who=ledger.CLERK, **more):
    made = clue(connection, who, **more)
    move(connection, Record.CLUE, made, ClueState.ACCEPTED, who=who)
    move(connection, Record.CLUE, made, ClueState.CHECKING, who=who)
    return made


def hazard(connection, who=ledger.CLERK, *, at=ledger.NOW, **more):
    firm = more.pop("employer_id", None) or ledger.employer(connection, f"示例隐患单位{utc_now().timestamp()}")
    draft = HazardDraft(who.region, "排查", "人工费拖延两月，月底到期", firm, **more)
    return hazards.add(connection, who, draft, now=at)


def visit(connection, **more):
    plain = {
        "region": ledger.COUNTY, "on": date(2026, 11, 20), "kind": "群访", "units": ("示例区信访局",),
        "staff": ("示例接访人",), "persons": 12, "representatives": 3, "note": "反映工资未发",
    } | more  # fmt: skip
    return receptions.add(connection, ledger.CLERK, ReceptionDraft(**plain), today=ledger.TODAY, now=ledger.NOW)


def number(house, table, made):
    with house.read() as connection:
        return connection.scalar(select(table.c.number).where(table.c.id == made))


def planted(house):
    """Two clues of 五华, one of 镇雄, two hazards and a reception."""
    with house.write() as connection:
        first = [
            checking(connection, employer_name="示例核查单位"),
            clue(connection, at=ledger.later(days=-40), employer_name="示例迟报单位"),
            clue(connection, ledger.ELSEWHERE, employer_name="示例远方单位"),
        ]
        risk = hazard(connection)
        move(connection, Record.HAZARD, risk, HazardState.DEFUSING, DUTY)
        connection.execute(update(t.hazard).where(t.hazard.c.id == risk).values(updated_at=utc_now()))
        stale = hazard(connection, at=ledger.later(days=-30))
        made = visit(connection)
    numbers = [number(house, t.clue, one) for one in first] + [number(house, t.hazard, one) for one in (risk, stale)]
    return Held(*numbers, str(made))


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "clues.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def table(app):
    (found,) = (one.proto for one in app.get("bidi_component") if one.proto.component_name == "ledger_table")
    return json.loads(found.json)


def numbers(app):
    return {row["number"] for row in table(app)["rows"]}


def labels(app):
    return {button.label for button in app.button}


def row(house, table_, called):
    with house.read() as connection:
        return connection.execute(select(table_).where(table_.c.number == called)).one()


def form(house, table_, called, to):
    return f"step-{called}-{row(house, table_, called).revision}-{to}"
