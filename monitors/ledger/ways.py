"""The legal ways between the states of cases, clues and hazards (domain.md 3.2), as one table. Pure.

A line reads: from → to, what must be given, and who may: ``edit`` whoever works on the ledger, ``second`` a reviewer
who is not the one that brought the record into its present state. Everything that is no line is refused with E06.
What is asked beyond the given values (paid ≥ verified, a registered document …) is in ``case_moves`` and beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from monitors.access.actor import Actor
from monitors.ledger.model import CaseState, ClueState, HazardState, Record

NeedType = Literal["text", "name", "date", "count", "fen", "flag", "conclusion", "leader_unit", "case"]


@dataclass(frozen=True, slots=True)
class Need:
    """One value a transition takes. ``required``: refused without it, unless the record has it already.

    ``text`` is up to 500 characters, ``name`` 60; ``fen`` money in 分; ``case`` the number (id) of a case.
    """

    field: str
    words: str
    type: NeedType
    required: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """One legal transition. ``action``: the permission it takes; ``second``: needs another person than before."""

    to: str
    needs: tuple[Need, ...] = ()
    action: str = "ledger.edit"
    second: bool = False

    @property
    def required(self) -> tuple[Need, ...]:
        """What must be given or be there already."""
        return tuple(need for need in self.needs if need.required)


_PLAN, _UNIT = Need("plan", "化解方案", "text"), Need("unit", "责任单位", "name")
_PERSON, _DUE = Need("person", "责任人", "name"), Need("due", "完成时限", "date")
DUTY = (_PLAN, _UNIT, _PERSON, _DUE)
_REASON = Need("reason", "原因", "text")
_PROOF = Need("proof", "销账依据（重大案件、陈案必填）", "text", required=False)
_LEADER = (
    Need("leader", "包案领导（重大案件必填）", "name", required=False),
    Need("leader_unit", "包案领导身份", "leader_unit", required=False),
)
_VERIFIED = (
    Need("verified_workers", "查实人数", "count"),
    Need("verified_migrants", "其中农民工人数", "count"),
    Need("verified_fen", "查实金额", "fen"),
    Need("verified_migrant_fen", "其中农民工金额", "fen"),
    Need("verified_on", "查实日期", "date", required=False),  # absent: today
    Need("prior_period", "专项行动开始前的欠薪", "flag", required=False),
)
_FILED = (Need("filed_on", "立案日期", "date", required=False),)  # absent: today
_REVIEW = "ledger.review"


def _second(to: str, *needs: Need) -> Way:
    return Way(to, needs, _REVIEW, second=True)


_C, _L, _H = CaseState, ClueState, HazardState
_SETTLE = Way(_C.SETTLING, (_PROOF,))

_CASE: dict[str, tuple[Way, ...]] = {
    _C.RECEIVED: (Way(_C.CHECKING),),
    _C.CHECKING: (
        Way(_C.VERIFIED, (*_VERIFIED, *DUTY, *_LEADER)),
        _second(_C.UNFOUNDED, Need("finding", "核查结果", "text"), Need("evidence", "证据", "text")),
    ),
    _C.VERIFIED: (Way(_C.MEDIATING), Way(_C.FILED, _FILED), _SETTLE),
    _C.MEDIATING: (Way(_C.FILED, _FILED), _SETTLE),
    _C.FILED: (
        Way(_C.ORDERED),
        # 劳动保障监察条例 art. 18: slight, and put right already.
        Way(
            _C.WITHDRAWN,
            (
                Need("reason", "撤销理由（情节轻微且已改正）", "text"),
                Need("withdrawn_on", "撤销日期", "date", required=False),
            ),
        ),
        _SETTLE,
    ),
    # Journey 8: ordered and unpaid goes to the police without a decision of our own (E10 asks for order and delay).
    _C.ORDERED: (Way(_C.PENALISED), Way(_C.TRANSFERRED), _SETTLE),
    _C.PENALISED: (Way(_C.ENFORCING), Way(_C.TRANSFERRED), _SETTLE),
    _C.ENFORCING: (_SETTLE,),
    _C.TRANSFERRED: (_SETTLE,),
    _C.WITHDRAWN: (_SETTLE,),
    _C.SETTLING: (_second(_C.SETTLED, Need("closed_on", "销账日期", "date", required=False)),),
    _C.SETTLED: (Way(_C.RECHECKING),),
    _C.RECHECKING: (
        Way(_C.ENDED, (Need("finding", "回头看情况", "text"),)),
        Way(_C.CHECKING, (Need("reason", "复发情况", "text"),)),  # 复发
    ),
    _C.UNFOUNDED: (),
    _C.ENDED: (),
}

_CLUE: dict[str, tuple[Way, ...]] = {
    _L.NEW: (
        Way(
            _L.ACCEPTED,
            (Need("unit", "承办单位", "name", required=False), Need("person", "承办人", "name", required=False)),
        ),
        Way(_L.PASSED_ON, (Need("target_unit", "转送单位", "name"),)),
    ),
    _L.ACCEPTED: (Way(_L.CHECKING),),
    _L.PASSED_ON: (Way(_L.CHECKING), Way(_L.NEW, (Need("reason", "退回原因", "text"),))),
    _L.CHECKING: (
        Way(
            _L.CONCLUDED,
            (
                Need("conclusion", "结论", "conclusion"),
                Need("evidence", "证据（不属实、虚假讨薪必填）", "text", required=False),
                Need("case_id", "案件（属实转案件必填）", "case", required=False),
            ),
        ),
    ),
    _L.CONCLUDED: (
        Way(_L.ANSWERED, (Need("feedback_on", "反馈日期", "date"), Need("feedback_how", "反馈方式", "name"))),
    ),
    _L.ANSWERED: (Way(_L.DONE),),
    _L.DONE: (),
}

_HAZARD: dict[str, tuple[Way, ...]] = {
    _H.NOTED: (Way(_H.DEFUSING, DUTY),),
    _H.DEFUSING: (
        Way(_H.REMOVED, (Need("proof", "排除依据", "text"),)),
        Way(_H.BECAME_CASE, (Need("case_id", "案件", "case"),)),
    ),
    _H.REMOVED: (Way(_H.RECHECKING),),
    _H.RECHECKING: (
        Way(_H.ENDED, (Need("finding", "回头看情况", "text"),)),
        Way(_H.DEFUSING, (Need("reason", "复发情况", "text"),)),  # 复发
    ),
    _H.ENDED: (),
    _H.BECAME_CASE: (),
}

WAYS: Mapping[Record, Mapping[str, tuple[Way, ...]]] = {
    Record.CASE: _CASE,
    Record.CLUE: _CLUE,
    Record.HAZARD: _HAZARD,
}


def find(kind: Record, state: str, to: str) -> Way | None:
    """The line from ``state`` to ``to``, or None where there is none."""
    return next((way for way in WAYS[kind].get(state, ()) if way.to == to), None)


def allowed(kind: Record, state: str, actor: Actor) -> tuple[Way, ...]:
    """The ways out of ``state`` that the actor's role may take; on which record, ``move`` asks again."""
    return tuple(way for way in WAYS[kind].get(state, ()) if actor.may(way.action))
