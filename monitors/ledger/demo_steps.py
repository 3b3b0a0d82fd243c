"""What each step of an invented case brings (演示数据): figures, documents, payments, marks. Pure.

Whatever a writer would refuse is not written here either: no state without its document, no transfer without an order
that ran out, no closing before the wages are paid, and the reviewer is another than the handler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitors.clock import local
from monitors.ledger import checks, events
from monitors.ledger.demo_parties import Columns, Scene, texts
from monitors.ledger.model import LEADERS, CaseState, Clock, MeasureType, PaymentSource
from monitors.regions import divisions

CLERK, REVIEWER = ("demo-clerk", "演示经办员"), ("demo-reviewer", "演示审核员")  # sign-in name, name shown
_S, _M = CaseState, MeasureType
_SOURCES = (*(PaymentSource.EMPLOYER,) * 5, *(PaymentSource.CONTRACTOR,) * 3, PaymentSource.DEVELOPER,
            PaymentSource.BOND, PaymentSource.FUND)  # fmt: skip


@dataclass(slots=True)
class Life:
    """One case: its row, and the rows that hang on it. Events hold no ``kind`` and ``record_id`` yet."""

    row: Columns
    created_at: datetime
    at: datetime
    events: list[Columns] = field(default_factory=list)
    payments: list[Columns] = field(default_factory=list)
    measures: list[Columns] = field(default_factory=list)
    executions: list[Columns] = field(default_factory=list)
    changes: list[Columns] = field(default_factory=list)
    suggestions: list[Columns] = field(default_factory=list)

    def tell(self, act: str, at: datetime, after: Columns, *, who: str = CLERK[1], before: Columns | None = None,
             note: str = "") -> None:  # fmt: skip
        """One act in the case's history."""
        self.events.append({
            "at": at, "act": act, "actor": who, "before": events.plain(before or {}), "after": events.plain(after),
            "note": note,
        })  # fmt: skip
        self.at = max(self.at, at)


def enter(scene: Scene, life: Life, to: CaseState, at: datetime) -> None:
    """Bring the case into the next state at that moment, with all that its way asks for."""
    row = life.row
    given = _BRINGS[to](scene, life, at) if to in _BRINGS else {}
    who = REVIEWER if to in (_S.UNFOUNDED, _S.SETTLED) else CLERK
    if to in (_S.CHECKING, _S.SETTLING):
        row["handler"] = CLERK[0]
    after = {"state": str(to), "by": who[0]} | given
    life.tell(events.MOVED, at, after, who=who[1], before={"state": row["state"]})
    row |= {name: value for name, value in given.items() if name in row} | {"state": str(to)}


def _verified(scene: Scene, life: Life, at: datetime) -> Columns:
    """查实: as a rule somewhat less than claimed; a relapse keeps what was found first."""
    row, random, day = life.row, scene.random, local(at).date()
    if row["verified_on"]:
        return {"verified_on": row["verified_on"]}
    fewer = random.random() < 0.3 and row["claimed_workers"] > 2
    workers = row["claimed_workers"] - (random.randint(1, row["claimed_workers"] // 3 + 1) if fewer else 0)
    workers = max(1, workers)
    share = workers / row["claimed_workers"] * (1.0 if random.random() < 0.5 else random.uniform(0.75, 1.0))
    total = max(workers * 100_000, round(row["claimed_fen"] * share / 10_000) * 10_000)
    migrants = min(workers, row["claimed_migrants"])
    migrant_fen = total if migrants == workers else round(total * migrants / workers / 10_000) * 10_000
    county, plan = divisions.short_name(row["region"]), scene.pick("plan" if row["project_id"] is None else "site_plan")
    given: Columns = {
        "verified_workers": workers, "verified_migrants": migrants, "verified_fen": total,
        "verified_migrant_fen": migrant_fen if migrants else 0, "verified_on": day, "plan": plan,
        "unit": f"{county}{scene.pick('unit')}", "person": scene.person(),
        "due": day + timedelta(days=random.randint(12, 45)),
        "prior_period": row["period_from"] < scene.settings.campaign.start <= day,
    }  # fmt: skip
    major = row["major"] or checks.is_major(workers, total, scene.settings)
    old = (scene.today - row["accepted_on"]).days > scene.settings.ledger.old_days or "陈案" in row["tags"]
    if (major or old) and not row["leader"]:
        given |= {"leader": scene.person(), "leader_unit": random.choice(LEADERS)}
    row["major"] = major
    return given


def _unfounded(_scene: Scene, life: Life, _at: datetime) -> Columns:
    finding, evidence = texts()["words_of"]["unfounded"]["工程款纠纷" in life.row["tags"]]
    return {"finding": finding, "evidence": evidence}


def _filed(_scene: Scene, _life: Life, at: datetime) -> Columns:
    return {"filed_on": local(at).date()}


def _withdrawn(_scene: Scene, _life: Life, at: datetime) -> Columns:
    return {"withdrawn_on": local(at).date(), "reason": texts()["words_of"]["withdrawn"]}


def _ordered(scene: Scene, life: Life, at: datetime) -> Columns:
    kind = _M.PAY_ORDER if scene.random.random() < 0.6 else _M.ORDER
    _document(scene, life, kind, at, due=local(at).date() + timedelta(days=scene.random.randint(5, 10)))
    return {}


def _penalised(scene: Scene, life: Life, at: datetime) -> Columns:
    _document(scene, life, _M.DECISION if scene.random.random() < 0.6 else _M.PENALTY, at)
    return {}


def _settled(scene: Scene, life: Life, at: datetime) -> Columns:
    life.row["recheck_on"] = local(at).date() + timedelta(days=scene.settings.ledger.recheck_days)
    return {"closed_on": local(at).date()}


def _ended(scene: Scene, life: Life, _at: datetime) -> Columns:
    life.row["recheck_on"] = None
    return {"finding": scene.pick("finding")}


def _checking(_scene: Scene, life: Life, _at: datetime) -> Columns:
    """The first look, or the one after a relapse: then the case is open again."""
    if not life.row["closed_on"]:
        return {}
    life.row |= {"closed_on": None, "legal_ending": "", "recheck_on": None}
    return {"reason": texts()["words_of"]["relapse"]}


def _document(scene: Scene, life: Life, kind: MeasureType, at: datetime, due: date | None = None) -> Columns:
    row, day = life.row, local(at).date()
    marks = {_M.ORDER: "改", _M.PAY_ORDER: "支", _M.DECISION: "理", _M.PENALTY: "罚", _M.TRANSFER: "移",
             _M.POLICE_FILING: "立", _M.ENFORCEMENT: "执", _M.PUBLISHED: "公", _M.BLACKLISTED: "失"}  # fmt: skip
    measure: Columns = {
        "employer_id": row["employer_id"], "region": row["region"], "type": str(kind),
        "doc_no": f"演示人社监{marks[kind]}〔{day.year}〕{scene.random.randint(1, 399)}号", "on": day, "due": due,
        "result": "", "done_on": None, "at": at,
    }  # fmt: skip
    life.measures.append(measure)
    told = {name: measure[name] for name in ("type", "doc_no", "on", "due") if measure[name]}
    life.tell(f"登记{kind}", at, told)
    return measure


def _enforce(scene: Scene, life: Life, at: datetime) -> Columns:
    row = life.row
    _document(scene, life, _M.ENFORCEMENT, at)
    amount = row["verified_fen"] - row["paid_fen"]
    life.executions.append({
        "region": row["region"], "basis": scene.random.choice(("判决", "裁决", "申请")),
        "court": f"{divisions.short_name(row['region'])}人民法院", "on": local(at).date(), "amount_fen": amount,
        "recovered_fen": 0, "batch": scene.random.choice(("", "冬季集中执行（演示）")), "at": at,
    })  # fmt: skip
    return {}


def _transfer(scene: Scene, life: Life, at: datetime) -> Columns:
    """移送公安 after an order to pay that ran out (E10); the police answer within three days or are awaited."""
    day = local(at).date()
    orders = [one for one in life.measures if one["type"] == _M.PAY_ORDER]
    if not orders:
        before = scene.moment(local(life.at).date(), after=life.at)
        _document(scene, life, _M.PAY_ORDER, before, due=day - timedelta(days=1))
    for order in orders:
        order["due"] = min(order["due"], day - timedelta(days=1))
    transfer = _document(scene, life, _M.TRANSFER, at)
    answered = scene.moment(day + timedelta(days=scene.random.randint(1, 3)), after=at)
    if answered > scene.now or scene.random.random() < 0.15:
        return {}
    filed = scene.random.random() < 0.7
    transfer |= {"done_on": local(answered).date(), "result": "公安机关已立案" if filed else "不予立案，退回处理"}
    if filed:
        _document(scene, life, _M.POLICE_FILING, answered)
    return {}


def _settle(scene: Scene, life: Life, at: datetime) -> Columns:
    """Everybody is paid in full, or a reviewer approved that the court's enforcement ended it."""
    row, day = life.row, local(at).date()
    enforced = row["state"] == _S.ENFORCING and scene.random.random() < 0.5
    owing = row["verified_fen"] - row["paid_fen"]
    if owing and enforced:
        ending = f"判决或裁决执行完毕：{texts()['words_of']['ending']}"
        life.tell("批准法定结案", at, {"legal_ending": ending}, who=REVIEWER[1])
        row["legal_ending"] = ending
        life.executions[-1]["recovered_fen"] = life.executions[-1]["amount_fen"]
    elif owing:
        first = scene.random.random() < 0.3 and row["verified_workers"] > 3 and not life.payments
        if first:
            pay_part(scene, life, until=day)
        _pay(scene, life, at, whole=True)
    transferred = any(one["type"] == _M.TRANSFER for one in life.measures)
    for order in life.measures:
        if order["type"] in (_M.ORDER, _M.PAY_ORDER) and not transferred:
            order |= {"done_on": day, "result": "已履行"}
    proof = scene.pick("proof")
    return {"proof": proof} if row["leader"] else {}


def pay_part(scene: Scene, life: Life, until: date | None = None) -> None:
    """Some of the workers are paid, some days after 查实; nobody where the days do not suffice."""
    row, random = life.row, scene.random
    if until is None and random.random() > 0.4:
        return
    last = until or scene.today
    days = (last - row["verified_on"]).days
    if days < 2 or row["verified_workers"] < 4 or row["verified_migrants"] not in (0, row["verified_workers"]):
        return
    on = row["verified_on"] + timedelta(days=random.randint(1, days - 1))
    _pay(scene, life, scene.moment(on), whole=False)


def _pay(scene: Scene, life: Life, at: datetime, *, whole: bool) -> None:
    row, random = life.row, scene.random
    owing, left = row["verified_fen"] - row["paid_fen"], row["verified_workers"] - row["paid_workers"]
    earlier = sum(one["first_migrants"] for one in life.payments)
    if whole:
        persons, wages = left, owing
        migrants = row["verified_migrants"] - earlier
        migrant_fen = row["verified_migrant_fen"] - sum(one["wage_migrant_fen"] for one in life.payments)
    else:
        persons = random.randint(1, left // 2 + 1)
        wages = max(persons * 10_000, owing * persons // left // 10_000 * 10_000)
        migrants, migrant_fen = (persons, wages) if row["verified_migrants"] else (0, 0)
    extra = wages // 2 if whole and row["state"] == _S.PENALISED and random.random() < 0.3 else 0
    payment: Columns = {
        "on": local(at).date(), "persons": persons, "migrants": migrants, "first_persons": persons,
        "first_migrants": migrants, "wage_fen": wages, "wage_migrant_fen": migrant_fen, "compensation_fen": extra,
        "compensation_migrant_fen": extra * migrants // persons, "source": str(random.choice(_SOURCES)),
        "proof": scene.pick("proof"), "at": at,
    }  # fmt: skip
    life.payments.append(payment)
    row["paid_workers"] += persons
    row["paid_fen"] += wages
    told = {name: payment[name] for name in ("on", "persons", "wage_fen", "source", "proof")}
    life.tell("登记支付", at, told)


def mark(scene: Scene, life: Life) -> None:
    """挂牌 and 提级 of what is open and heavy, and now and then a limit that was extended."""
    row, random = life.row, scene.random
    at = min(scene.moment(local(life.at).date() + timedelta(days=1), after=life.at), scene.now)
    words = texts()["words_of"]
    if row["major"] and random.random() < 0.6:
        row["listed"] = True
        life.tell("挂牌办理", at, {"listed": True}, who=REVIEWER[1], note=words["listed"])
    if (row["major"] and random.random() < 0.35) or random.random() < 0.02:
        unit = f"{divisions.short_name(divisions.prefecture_of(row['region']))}人力资源和社会保障局"
        row |= {"escalated": True, "co_units": [*row["co_units"], row["unit"]], "unit": unit}
        life.tell("提级办理", at, {"escalated": True, "unit": unit}, who=REVIEWER[1], note=words["escalated"])
    if row["filed_on"] and random.random() < 0.25:
        on = local(at).date()
        life.changes.append({
            "clock": str(Clock.INVESTIGATION), "kind": "延长", "on": on, "days": 30, "reason": words["extension"],
            "approver": scene.person(), "at": at, "actor": REVIEWER[1],
        })  # fmt: skip
        life.tell("期限变更", at, {"clock": str(Clock.INVESTIGATION), "kind": "延长", "days": 30}, who=REVIEWER[1])


_BRINGS: dict[CaseState, Callable[[Scene, Life, datetime], Columns]] = {
    _S.CHECKING: _checking,
    _S.VERIFIED: _verified,
    _S.UNFOUNDED: _unfounded,
    _S.FILED: _filed,
    _S.ORDERED: _ordered,
    _S.PENALISED: _penalised,
    _S.ENFORCING: _enforce,
    _S.TRANSFERRED: _transfer,
    _S.WITHDRAWN: _withdrawn,
    _S.SETTLING: _settle,
    _S.SETTLED: _settled,
    _S.ENDED: _ended,
}
