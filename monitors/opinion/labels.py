"""What officers say of a judgement (标注): “判错了”, what is right, and what follows from it at once.

A label stands for one output of one report; a later one takes its place, removing it gives the judge's own value back.
Label, effect and audit row are one transaction. The report's column takes the right value, its story is summed up
again, and ``judgement["labelled"]`` says who said so. Said to be irrelevant, a report leaves its story; the alert of a
story that lost all its reports stays open, for closing it is a person's decision. Labels teach the next model
(``training``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.errors import InputError, RefusedError
from monitors.opinion import alerts, intake, label_values, membership, rule_effect, rule_sets, story_summary
from monitors.opinion.judged import COLUMNS, MISSING
from monitors.opinion.label_values import FIELDS, LabelField, Value, known
from monitors.opinion.model import CLOSED_STATES, Severity
from monitors.opinion.rule_match import Origin
from monitors.opinion.severity import SeverityInputs, assess
from monitors.settings import Settings
from monitors.store import tables as t

# What changes in a report that is judged as relevant although the judge held it for irrelevant.
OF_RELEVANT = (
    "relevant", "stance", "sentiment", "kind", "scope", "region", "workers", "amount_fen", "employer", "level", "score",
)  # fmt: skip
_FOUND_BY: tuple[LabelField, ...] = ("county", "workers", "amount", "employer")  # what newcomers are compared with


@dataclass(frozen=True, slots=True)
class _Target:
    """The report at hand: its row, the division that decides who may touch it, the rows of its labels."""

    row: Row[Any]
    region: str
    labels: Mapping[LabelField, Row[Any]]

    @property
    def taken_out(self) -> bool:
        """A person has said that it is irrelevant."""
        held = self.labels.get("relevant")
        return held is not None and not held.said["value"]


def put(
    connection: Connection,
    actor: Actor,
    item_id: int,
    field: str,
    value: Value,
    *,
    note: str = "",
    settings: Settings,
    now: datetime,
) -> None:
    """Say what is right of one output (``label_values.check`` tells the values) and let it take effect.

    Relevance may also be confirmed: the same value again is a label without effect on the report.

    Raises:
        RefusedError: not allowed, or the report is outside the actor's region.
        InputError: no such report, a value that can be none, or one that stands already.
    """
    name = known(field)
    target = _target(connection, actor, item_id)
    said, note = label_values.check(name, value), label_values.clean("说明", note, label_values.MAX_NOTE)
    if name != "relevant" and not target.row.relevant:
        raise InputError("这篇报道不相关，其他各项不必更正；如属误判，请先更正相关性")
    held, present = target.labels.get(name), getattr(target.row, COLUMNS[name][0])
    if said == present and (name != "relevant" or (held is not None and held.said["value"] == said)):
        raise InputError(f"{FIELDS[name]}现在就是“{label_values.words(name, said)}”，无需更正")
    if held is not None and name != "relevant" and said == held.was[COLUMNS[name][0]]:
        remove(connection, actor, item_id, name, settings=settings, now=now)  # the judge was right after all
        return
    was: dict[str, Any] = held.was if held is not None else _columns(target.row, name)
    if name == "relevant" and present == was["relevant"]:
        was = _columns(target.row, name)  # as it stands now, with what was corrected since it was confirmed
    values: dict[str, Any] = {
        "was": was,
        "said": {"value": said},
        "story_id": target.row.story_id if said != present or held is None else held.story_id,
        "model": str(target.row.judgement.get("model", ""))[:80],
        "account_id": actor.account_id,
        "author": actor.display,
        "at": now,
        "note": note,
    }
    if held is None:
        connection.execute(insert(t.label).values(item_id=item_id, field=name, **values))
    else:
        connection.execute(update(t.label).where(t.label.c.id == held.id).values(values))
    mark = {"was": was[COLUMNS[name][0]], "by": actor.display, "at": now.isoformat()}
    if name == "relevant":
        stories = _set_relevance(connection, target, said=bool(said), was=was, settings=settings, now=now)
    else:
        stories = _set(connection, target.row, name, effect(name, said, kind=target.row.kind, scope=target.row.scope))
    _mark(connection, item_id, name, mark)
    _settle(connection, item_id, name, stories, settings=settings, now=now)
    _record(connection, actor, "label.write", target, name, present, said, note=note, at=now)


def remove(
    connection: Connection, actor: Actor, item_id: int, field: str, *, settings: Settings, now: datetime
) -> None:
    """Take a label back: the judge's own value holds again; a report goes back to the story it was in.

    Raises:
        RefusedError: not allowed, or the report is outside the actor's region.
        InputError: no such report or label, or the report was said to be irrelevant since (take that back first).
    """
    name = known(field)
    target = _target(connection, actor, item_id)
    held = target.labels.get(name)
    if held is None:
        raise InputError(f"{FIELDS[name]}没有更正，可能已被他人撤销")
    if name != "relevant" and target.taken_out:
        raise InputError("这篇报道已标为不相关，请先撤销该更正")
    present = getattr(target.row, COLUMNS[name][0])
    connection.execute(delete(t.label).where(t.label.c.id == held.id))
    stories: set[int] = set()
    if name == "relevant":
        said = bool(held.was["relevant"])
        stories = _set_relevance(connection, target, said=said, was=held.was, settings=settings, now=now)
    elif target.row.relevant:
        stories = _set(connection, target.row, name, held.was)
    _mark(connection, item_id, name, None)
    _settle(connection, item_id, name, stories, settings=settings, now=now)
    _record(connection, actor, "label.remove", target, name, present, held.was[COLUMNS[name][0]], at=now)


def _target(connection: Connection, actor: Actor, item_id: int) -> _Target:
    """The report, held against others who write, if the actor may label it."""
    actor.require("label.write", kind="item", target=str(item_id))
    story_summary.hold_stories(connection)
    source = t.source.c
    known_by = (source.name.label("source_name"), source.group_name.label("source_group"))
    row = connection.execute(
        select(t.item, source.national, source.region.label("home"), *known_by)
        .join(t.source, t.source.c.id == t.item.c.source_id)
        .where(t.item.c.id == item_id)
        .with_for_update(of=t.item)
    ).one_or_none()
    if row is None:
        raise InputError(MISSING)
    held = connection.execute(select(t.label).where(t.label.c.item_id == item_id)).all()
    labels = {known(one.field): one for one in held}
    # Taken out of a story, a report is still theirs who see the story: else they could not take it back.
    told_in = row.story_id or (labels["relevant"].story_id if "relevant" in labels else None)
    region = connection.scalar(select(t.story.c.region).where(t.story.c.id == told_in)) if told_in else None
    region = row.region if region is None else region
    if not actor.scope.covers(region):
        raise RefusedError(MISSING, action="label.write", kind="item", target=str(item_id))
    return _Target(row, region, labels)


def _columns(row: Row[Any], field: LabelField) -> dict[str, Any]:
    names = OF_RELEVANT if field == "relevant" and not row.relevant else COLUMNS[field]
    return {name: getattr(row, name) for name in names}


def effect(field: LabelField, said: Value, *, kind: str | None, scope: str) -> dict[str, Any]:
    """The columns of the output with the right value, where the report's kind and scope are as given."""
    values: dict[str, Any] = {COLUMNS[field][0]: said}
    if field == "stance" and (said == "resolved") != (kind == "已解决"):
        values["kind"] = "已解决" if said == "resolved" else "欠薪举报"
    if field == "county" and scope != "背景":
        home = "本省" if str(said).startswith("53") else "外省"
        values["scope"] = home if said else "未定位"
    return values


def _set(connection: Connection, row: Row[Any], field: LabelField, values: Mapping[str, Any]) -> set[int]:
    connection.execute(update(t.item).where(t.item.c.id == row.id).values(dict(values)))
    if field in _FOUND_BY:
        membership.index_again(connection, row.id)
    return {row.story_id} - {None}


def _set_relevance(
    connection: Connection, target: _Target, *, said: bool, was: Mapping[str, Any], settings: Settings, now: datetime
) -> set[int]:
    """The report becomes relevant or not; returns the stories concerned."""
    row = target.row
    if said == row.relevant:
        return set()
    touched: set[int | None] = {row.story_id}
    values: dict[str, Any]
    if was["relevant"]:
        values = dict(was) if said else {"relevant": False, "kind": None, "level": None, "score": None}
    else:
        values = _judged_as(connection, row, settings, relevant=said)
        if said:
            for field, held in target.labels.items():
                if field != "relevant":
                    values |= effect(field, held.said["value"], kind=values["kind"], scope=values["scope"])
        else:
            values |= dict(was)
    connection.execute(update(t.item).where(t.item.c.id == row.id).values(values))
    if said:
        held_in = target.labels["relevant"].story_id if "relevant" in target.labels else None
        touched.add(membership.join(connection, row.id, settings=settings, now=now, story_id=held_in))
    else:
        membership.leave(connection, row.id)
    return {story_id for story_id in touched if story_id is not None}


class _Known:
    """Gives the sentiment that was found when the report came in."""

    def __init__(self, tone: float) -> None:
        self._tone = tone

    def score(self, texts: object) -> list[float]:  # noqa: ARG002 - one report at a time
        return [self._tone]


def _judged_as(connection: Connection, row: Row[Any], settings: Settings, *, relevant: bool) -> dict[str, Any]:
    """The report's columns, judged as what it is said to be."""
    from monitors.opinion import rule_judge  # noqa: PLC0415 - loads every rule; only a missed report needs it
    from monitors.opinion.judge import Report  # noqa: PLC0415

    tone = row.judgement.get("snownlp")
    origin = Origin(row.source_id, row.source_name, row.source_group, row.outlet)
    report = Report(row.title, row.text, row.published_at, row.home, row.national, relevant=relevant, origin=origin)
    judge = rule_judge.present(connection, settings, scorer=_Known(0.5 if tone is None else tone))
    (found,) = judge.judge_many([report])
    why = intake.explanation(found)
    kept = {name: value for name, value in row.judgement.items() if name not in why}  # labels, hand edits, lost text
    return {
        "relevant": relevant, "stance": found.stance, "sentiment": found.sentiment, "kind": found.kind,
        "scope": found.scope, "region": found.region, "workers": found.workers, "amount_fen": found.amount_fen,
        "employer": found.employer, "level": found.severity.level if found.severity else None,
        "score": found.severity.score if found.severity else None,
        "judgement": kept | why,
    }  # fmt: skip


def _mark(connection: Connection, item_id: int, field: LabelField, mark: Mapping[str, Any] | None) -> None:
    judgement: dict[str, Any] = connection.execute(
        select(t.item.c.judgement).where(t.item.c.id == item_id)
    ).scalar_one()
    labelled = {name: held for name, held in judgement.get("labelled", {}).items() if name != field}
    if mark is not None:
        labelled[field] = dict(mark)
    judgement = {name: value for name, value in judgement.items() if name != "labelled"}
    if labelled:
        judgement["labelled"] = labelled
    connection.execute(update(t.item).where(t.item.c.id == item_id).values(judgement=judgement))


def _settle(
    connection: Connection, item_id: int, field: LabelField, stories: set[int], *, settings: Settings, now: datetime
) -> None:
    """The report's own level follows its facts; its stories are summed up again."""
    row = connection.execute(
        select(t.item, t.source.c.national)
        .join(t.source, t.source.c.id == t.item.c.source_id)
        .where(t.item.c.id == item_id)
    ).one()
    if row.relevant and (field != "relevant" or row.judgement.get("labelled", {}).keys() - {"relevant"}):
        found = severity_of(row, rule_sets.effective(connection, settings))
        values: dict[str, Any] = {"score": found.score}
        if "level" not in row.judgement.get("labelled", {}):
            values["level"] = found.level
        why = {"parts": [asdict(part) for part in found.parts], "floors": list(found.floors)}
        connection.execute(update(t.item).where(t.item.c.id == item_id).values(judgement=row.judgement | why, **values))
    for story_id in sorted(stories):
        story_summary.refresh_story(connection, story_id, settings=settings, now=now)


def severity_of(row: Row[Any], settings: Settings) -> Severity:
    """What the judge would give the report by its columns (``national`` of its source among them) as they stand."""
    from monitors.opinion.judge import days_to_festival  # noqa: PLC0415 - as above

    why: Mapping[str, Any] = row.judgement
    inputs = SeverityInputs(
        acts=tuple(why.get("acts", ())),
        workers=row.workers,
        amount_fen=row.amount_fen,
        outlets_24h=1,
        national_outlet=row.national,
        public_project=bool(why.get("public_project")),
        days_to_festival=days_to_festival(settings, row.published_at),
        settled=row.stance == "resolved",
        in_province_claim=row.scope == "本省" and bool(why.get("specific_claim")),
        gathered=why.get("gathered"),
        visiting_province=why.get("visiting_province"),
        listed_only=row.scope in ("背景", "外省"),
    )
    found = assess(inputs, settings.severity)
    return rule_effect.raised(found, rule_effect.gravest(rule_effect.stored(why), row.region, row.scope))


def _record(  # noqa: PLR0917 - one act
    connection: Connection,
    actor: Actor,
    action: str,
    target: _Target,
    field: LabelField,
    before: Value,
    after: Value,
    *,
    note: str = "",
    at: datetime,
) -> None:
    """The trail's row, and a line in the history of the open alert, if the story has one."""
    name, old, new = FIELDS[field], label_values.words(field, before), label_values.words(field, after)
    row = target.row
    story_id = row.story_id or connection.scalar(select(t.item.c.story_id).where(t.item.c.id == row.id))
    open_alert = connection.scalar(
        select(t.alert.c.id).where(t.alert.c.story_id == story_id, t.alert.c.state.not_in(CLOSED_STATES))
    )
    if open_alert is not None:
        undone = "撤销更正：" if action == "label.remove" else ""
        change = f"{old} → {new}" if old != new else f"确认为{new}"
        why = f"{undone}{row.outlet}的报道{name} {change}"
        alerts.append_event(
            connection, open_alert, "label", at=at, actor=actor.display, before={"value": old}, after={"why": why}
        )
    said = {name: new, "title": row.title[:60]} | ({"words": note} if note else {})
    if old == new and action == "label.write":
        said["act"] = "确认"
    audit.append(
        connection,
        actor,
        action,
        at=at,
        kind="item",
        target=str(row.id),
        region=target.region,
        before={name: old},
        after=said,
    )
