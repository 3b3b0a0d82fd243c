"""Whether what a person gave for a way is what it asks for: nothing missing, foreign or of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from monitors.access.actor import Actor
from monitors.desk.alerts import Alert, Proposal
from monitors.desk.faults import DeskError, Fault, refuse
from monitors.desk.ways import DONE, STANDING, Need, Way, find
from monitors.opinion.masking import mask

TEXT_WIDTH, NAME_WIDTH = 2000, 60
MOST_WORKERS = 1_000_000
MOST_FEN = 10_000_000_000_00  # 100 亿元
_FURTHEST = timedelta(days=366)


def way_for(actor: Actor, alert: Alert, to: str) -> Way:
    """The way the actor may take there.

    Raises:
        RefusedError: not by this person.
        DeskError: there is none, or a proposal waits for its answer.
    """
    way = find(alert, to)
    if way is None:
        raise DeskError([Fault("state", f"不允许从“{alert.state}”变更为“{to}”")])
    actor.require(way.action, alert.region, kind="alert", target=alert.number)
    if alert.proposal is not None:
        refuse(waiting(alert.proposal))
    return way


def waiting(proposal: Proposal) -> Fault:
    """Nothing else is decided while one decision is asked for."""
    asked = "办结" if proposal.to == DONE else "定为误报"
    return Fault("state", f"{proposal.by} 已提请{asked}，请先审批或由提请人撤回")


def checked(way: Way, given: Mapping[str, Any], alert: Alert, *, now: datetime) -> dict[str, Any]:
    """The given values, tidied; free words with persons' names and numbers covered, as everything the desk stores.

    Raises:
        DeskError: with everything that is wrong.
    """
    known = {need.field: need for need in way.needs}
    faults = [Fault(name, f"{way.act}时不填写此项") for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, need in known.items():
        value = _tidy(need, given.get(name))
        if value is None or value == "":
            if need.required and not (name in STANDING and getattr(alert, name)):
                faults.append(Fault(name, f"请{'选择' if need.type == 'choice' else '填写'}{need.words}"))
            continue
        if wrong := _wrong(need, value, now):
            faults.append(Fault(name, wrong))
        else:
            values[name] = covered(str(value)) if need.type == "text" else value
    if faults:
        raise DeskError(faults)
    return values


def words(field: str, told: object, name: str, *, required: bool = True) -> str:
    """Free words by themselves (处置进展, 原因), tidied and covered.

    Raises:
        DeskError: missing or too long.
    """
    need = Need(field, name, "text", required)
    value = _tidy(need, told)
    if value is None or value == "":
        if required:
            raise DeskError([Fault(field, f"请填写{name}")])
        return ""
    if wrong := _wrong(need, value, None):
        raise DeskError([Fault(field, wrong)])
    return covered(str(value))


def named(field: str, told: object, name: str) -> str:
    """A person's or a unit's name by itself.

    Raises:
        DeskError: missing, too long, or with characters nobody sees.
    """
    need = Need(field, name, "name")
    value = _tidy(need, told)
    wrong = _wrong(need, value, None) if value else f"请填写{name}"
    if wrong:
        raise DeskError([Fault(field, wrong)])
    return str(value)


def covered(text: str) -> str:
    """The words without anybody's name or number."""
    return mask(text).text


def _tidy(need: Need, value: object) -> object:
    """No blanks around; within a name single ones, within free words no character that cannot be seen."""
    if not isinstance(value, str):
        return value
    if need.type in ("name", "alert", "choice"):
        return " ".join(value.split())
    lines = "".join(sign if sign.isprintable() or sign.isspace() else "" for sign in value).splitlines()
    return "\n".join("".join(" " if sign.isspace() else sign for sign in line).rstrip() for line in lines).strip()


def _wrong(need: Need, value: object, now: datetime | None) -> str:  # noqa: PLR0911 - one line per type
    name = need.words
    match need.type, value:
        case ("text", str()):
            return "" if len(value) <= TEXT_WIDTH else f"{name}不能超过 {TEXT_WIDTH} 字"
        case ("name" | "alert", str()):
            if len(value) > NAME_WIDTH:
                return f"{name}不能超过 {NAME_WIDTH} 字"
            return "" if value.isprintable() else f"{name}含有不可见字符"
        case ("choice", str()):
            return "" if value in need.choices else f"{name}须为：{'、'.join(need.choices)}"
        case (("count" | "fen"), bool()):
            return f"{name}的格式不正确"
        case (("count" | "fen"), int()):
            most = MOST_WORKERS if need.type == "count" else MOST_FEN
            return "" if 0 <= value <= most else f"{name}须在合理范围内，请核对"
        case ("moment", datetime()):
            if value.tzinfo is None:
                return f"{name}的格式不正确"
            return "" if now is None or now < value <= now + _FURTHEST else f"{name}须晚于现在，且不超过一年"
        case ("flag", bool()):
            return ""
        case _:
            return f"{name}的格式不正确"
