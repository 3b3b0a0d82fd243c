"""From a trial to the rules in force (生效), and back to an older set (恢复此版本).

A draft is put in force only after a trial of exactly these words against the rules in force; below the gold set's
floors a reason is asked for. An older set was tried when it was saved, so it comes back at once: a rule that floods
the desk must not have to wait for a trial.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.opinion import lab_job, rule_sets
from monitors.opinion.lab_job import PERMISSION
from monitors.opinion.rule_sets import Draft
from monitors.settings import Settings

MOST_REASON = 300


def adopt(
    connection: Connection, actor: Actor, draft: Draft, reason: str, *, expected_id: int, settings: Settings,
    now: datetime,
) -> int:  # fmt: skip
    """Put the tried draft in force; returns the new set's number.

    Raises:
        RefusedError: the actor may not.
        InputError: it was not tried as it stands, a reason is missing or too long, or it has faults.
        ConflictError: somebody put another set in force meanwhile.
    """
    actor.require(PERMISSION, kind="rule_set")
    run = lab_job.of(connection, draft, expected_id)
    if run is None or run.result is None:
        raise InputError("这份草稿还没有对照现行规则试验过，请先试验，再保存生效")
    words = _reason(reason)
    if run.result.gold.floor and not words:
        raise InputError(f"金标准集{run.result.gold.floor}，保存须填写理由")
    figures = run.result.figures | {"days": run.days, "run": run.id}
    return rule_sets.save(connection, actor, draft, words, figures, expected_id, settings=settings, now=now)


def restore(
    connection: Connection, actor: Actor, old_id: int, reason: str, *, expected_id: int, settings: Settings,
    now: datetime,
) -> int:  # fmt: skip
    """Put the words of the set ``old_id`` in force again (0: none, as shipped) as a new set.

    Raises:
        RefusedError: the actor may not.
        InputError: there is no such set, it is in force, or a reason is missing: it was not tried anew.
        ConflictError: somebody put another set in force meanwhile.
    """
    actor.require(PERMISSION, kind="rule_set")
    words = _reason(reason)
    if not words:
        raise InputError("恢复以前的版本须填写理由")
    present = rule_sets.in_force(connection)
    old = rule_sets.get(connection, old_id)
    if old.draft == present.draft and present.id == expected_id:
        raise InputError("现行规则与这一版相同，不必恢复")
    name = f"第 {old_id} 版" if old_id else "出厂设置"
    return rule_sets.save(
        connection, actor, old.draft, f"恢复{name}：{words}", {"restored": old_id} | dict(old.figures),
        expected_id, settings=settings, now=now,
    )  # fmt: skip


def _reason(reason: str) -> str:
    words = " ".join(reason.split())
    if len(words) > MOST_REASON:
        raise InputError(f"理由不能超过 {MOST_REASON} 字")
    return words
