"""People, employers, projects and cases for the tests of the ledger; all invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.ledger import cases, measures, payments, transitions
from monitors.ledger.case_drafts import CaseDraft
from monitors.ledger.measures import MeasureDraft
from monitors.ledger.model import CaseState, Channel, MeasureType, Record
from monitors.ledger.payments import PaymentDraft
from monitors.store import tables as t

SETTINGS = settings_module.load(environ={})
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
COUNTY, PREFECTURE = "530102", "530100"


def actor(name, role, region):
    return Actor(None, name, f"{name}同志", role, region, "10.20.0.9", "feedfeedfeed")


CLERK = actor("clerk", Role.COUNTY_CLERK, COUNTY)
OTHER_CLERK = actor("clerk2", Role.COUNTY_CLERK, COUNTY)
ELSEWHERE = actor("far", Role.COUNTY_CLERK, "530627")
REVIEWER = actor("reviewer", Role.PREFECTURE_REVIEWER, PREFECTURE)
OTHER_REVIEWER = actor("reviewer2", Role.PREFECTURE_REVIEWER, PREFECTURE)
ADMIN = actor("boss", Role.ADMINISTRATOR, "530000")
DUTY = actor("duty", Role.DUTY_OFFICER, "530000")
SHIFT = actor("shift", Role.SHIFT_LEADER, PREFECTURE)
LEADER = actor("leader", Role.LEADER, "530000")
AUDITOR = actor("auditor", Role.AUDITOR, "530000")
EVERYONE = (CLERK, OTHER_CLERK, ELSEWHERE, REVIEWER, OTHER_REVIEWER, ADMIN, DUTY, SHIFT, LEADER, AUDITOR)


def employer(connection, name="示例建筑劳务有限公司", **more):
    values = {"name": name, "class": "建筑企业", "region": COUNTY, "created_at": NOW, "updated_at": NOW} | more
    return connection.execute(insert(t.employer).values(values).returning(t.employer.c.id)).scalar_one()


def project(connection, name="示例安置房一标段", **more):
    values = {
        "name": name, "region": COUNTY, "industry": "住建", "status": "在建", "subcontractors": [], "checks": {},
        "bond": {}, "created_at": NOW, "updated_at": NOW,
    } | more  # fmt: skip
    return connection.execute(insert(t.project).values(values).returning(t.project.c.id)).scalar_one()


def draft(employer_id, **more):
    plain = CaseDraft(
        employer_id=employer_id, region=COUNTY, channel=Channel.PHONE, accepted_on=date(2026, 11, 10),
        claimed_workers=20, claimed_migrants=18, claimed_fen=300_000_00,
    )  # fmt: skip
    return replace(plain, **more)


def entered(connection, who=CLERK, **more):
    """A new case of a new employer, 待受理."""
    number = connection.execute(select(t.employer.c.id).order_by(t.employer.c.id.desc()).limit(1)).scalar() or 0
    employer_id = more.pop("employer_id", None) or employer(connection, f"示例用工单位{number + 1}")
    return cases.create(connection, who, draft(employer_id, **more), settings=SETTINGS, now=NOW)


VERIFIED = {
    "verified_workers": 12, "verified_migrants": 10, "verified_fen": 140_000_00, "verified_migrant_fen": 120_000_00,
    "plan": "督促总包先行清偿", "unit": "示例区人社局", "person": "示例经办人", "due": date(2026, 12, 20),
}  # fmt: skip
MAJOR = VERIFIED | {"verified_workers": 60, "verified_migrants": 50}
LED = {"leader": "示例领导", "leader_unit": "政府负责同志"}


def step(connection, who, case_id, to, given=None, *, now=NOW, **more):
    revision = connection.execute(select(t.wage_case.c.revision).where(t.wage_case.c.id == case_id)).scalar_one()
    transitions.move(
        connection, who, Record.CASE, case_id, to, given or {}, revision, settings=SETTINGS, now=now, **more
    )  # fmt: skip


def verified(connection, *, given=VERIFIED, **more):
    """A case found true."""
    case_id = entered(connection, **more)
    step(connection, CLERK, case_id, CaseState.CHECKING)
    step(connection, CLERK, case_id, CaseState.VERIFIED, given)
    return case_id


def paid(connection, case_id, who=CLERK, *, confirm=False, **more):
    plain = PaymentDraft(
        on=date(2026, 11, 20), persons=12, migrants=10, wage_fen=140_000_00, wage_migrant_fen=120_000_00,
        source="企业", proof="银行代发凭证",
    )  # fmt: skip
    return payments.pay(connection, who, case_id, replace(plain, **more), settings=SETTINGS, now=NOW, confirm=confirm)


def measure(connection, case_id, kind=MeasureType.PAY_ORDER, who=CLERK, **more):
    plain = MeasureDraft(kind, "示例监令〔2026〕1号", date(2026, 11, 12), due=date(2026, 11, 18))
    return measures.add(connection, who, case_id, replace(plain, **more), settings=SETTINGS, now=NOW)


def settled(connection, *, closed_on=TODAY, **more):
    """A case paid in full and closed by a reviewer."""
    case_id = verified(connection, **more)
    paid(connection, case_id)
    step(connection, CLERK, case_id, CaseState.SETTLING)
    step(connection, REVIEWER, case_id, CaseState.SETTLED, {"closed_on": closed_on})
    return case_id


def case(connection, case_id):
    return cases.get(connection, ADMIN.scope, case_id)


def row(connection, case_id):
    return connection.execute(select(t.wage_case).where(t.wage_case.c.id == case_id)).one()


def faults(error):
    """``{field: code or words}`` of a refusal."""
    return {one.field: one.code or one.words for one in error.value.faults}


def later(days=0, minutes=0):
    return NOW + timedelta(days=days, minutes=minutes)


def edit_row(connection, case_id, values):
    """Write into a case past every rule: a state of affairs that only older data or another process could bring."""
    connection.execute(update(t.wage_case).where(t.wage_case.c.id == case_id).values(values))
