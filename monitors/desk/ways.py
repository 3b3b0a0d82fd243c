"""The legal ways between the states of an alert (警情, domain.md 4.3), as one table. Pure.

A line reads: to which state, the verb on the button, what must be given, who may, and whether a second person decides.
Everything that is no line is refused. What is asked beyond the given values is in ``life`` and ``merging``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from monitors.access.actor import Actor

NeedType = Literal["text", "name", "moment", "count", "fen", "choice", "alert", "flag"]

NEW, SIGNED, CHECKING, HANDLING = "新警情", "已签收", "核查中", "处置中"
DONE, FALSE, MERGED = "已办结", "误报", "并案"
TAKE_BACK = "撤销并案"  # no state: the alert goes back to the one it had
FALSE_REASONS = ("非欠薪", "旧闻重发", "不在本省", "重复", "工程款等其他债务", "不实信息", "其他")
GRAVE = ("I", "II")  # 误报 of these is decided by a second person


@dataclass(frozen=True, slots=True)
class Need:
    """One value a way takes. ``required``: refused without it, unless the alert has it already (``STANDING``).

    ``text`` is up to 2000 characters, ``name`` 60; ``moment`` an aware time to come; ``fen`` money in 分; ``alert`` the
    number of another alert.
    """

    field: str
    words: str
    type: NeedType
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One legal way. ``act``: the verb on the button; ``action``: the permission it takes.

    ``second``: the values are a proposal first, which another person (``decided_by``) agrees to or sends back.
    """

    to: str
    act: str
    needs: tuple[Need, ...] = ()
    action: str = "alert.work"
    second: bool = False
    decided_by: str = ""


class Standing(Protocol):
    """What of an alert decides which ways there are."""

    @property
    def state(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def proposal(self) -> object | None: ...


STANDING = frozenset({"unit", "person"})
_DUTY = (
    Need("unit", "核查单位", "name"),
    Need("person", "核查人", "name"),
    Need("check_due_at", "核查时限", "moment"),
)
_CHECK = Way(CHECKING, "转核查", _DUTY)
_FALSE = Way(
    FALSE,
    "报误报",
    (Need("reason", "误报原因", "choice", choices=FALSE_REASONS), Need("evidence", "依据", "text")),
    decided_by="alert.work",
)
_MERGE = Way(MERGED, "并案", (Need("master", "并入的警情编号", "alert"),), "alert.sign")
_REOPEN = Way(CHECKING, "重启核查", (Need("evidence", "新的证据", "text"), *_DUTY), "alert.approve")
_FOUND = Way(
    HANDLING,
    "报查实",
    (
        Need("verified", "查实情况", "text"),
        Need("verified_workers", "查实人数", "count"),
        Need("verified_fen", "查实金额", "fen"),
        Need("no_case", "未关联案件的理由（未关联台账案件时必填）", "text", required=False),
    ),
)
_DONE = Way(
    DONE,
    "提请办结",
    (
        Need("result", "办结结果", "text"),
        Need("feedback", "反馈情况", "text"),
        Need("no_response", "无需回应的理由（未对外回应时必填）", "text", required=False),
        Need("no_case", "未关联案件的理由（查实后关联已取消、又未说明理由时必填）", "text", required=False),
    ),
    second=True,
    decided_by="alert.approve",
)

WAYS: Mapping[str, tuple[Way, ...]] = {
    NEW: (Way(SIGNED, "签收", (), "alert.sign"),),
    SIGNED: (_CHECK, _FALSE, _MERGE),
    CHECKING: (_FOUND, _FALSE, _MERGE),
    HANDLING: (_DONE, _MERGE),
    DONE: (_REOPEN,),
    FALSE: (_REOPEN,),
    MERGED: (Way(TAKE_BACK, TAKE_BACK, (Need("reason", "撤销原因", "text"),), "alert.sign"),),
}

_DEEDS = {SIGNED: "签收", CHECKING: "转核查", HANDLING: "报查实", DONE: "办结", FALSE: "定为误报", MERGED: "并案"}


def of(state: str, level: str) -> tuple[Way, ...]:
    """The ways out of ``state`` for an alert of ``level``: 误报 of I and II needs a second person."""
    return tuple(
        replace(way, second=True) if way.to == FALSE and level in GRAVE else way for way in WAYS.get(state, ())
    )


def find(alert: Standing, to: str) -> Way | None:
    """The way from the alert's state to ``to``, or None where there is none."""
    return next((way for way in of(alert.state, alert.level) if way.to == to), None)


def allowed(alert: Standing, actor: Actor) -> tuple[Way, ...]:
    """The ways the actor may take now; none while a proposal waits for its answer."""
    if alert.proposal is not None:
        return ()
    return tuple(way for way in of(alert.state, alert.level) if actor.may(way.action, alert.region))


def deed(before: str, after: str) -> str:
    """What was done, in a verb, when an alert went from one state to the other."""
    if before in (DONE, FALSE):
        return "重启核查"
    return TAKE_BACK if before == MERGED else _DEEDS.get(after, f"变更为“{after}”")
