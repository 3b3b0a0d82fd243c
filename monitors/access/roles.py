"""The roles of the office (domain.md 3.1) and what each may do: the one table that decides it (权限表).

Read the table across: a row is an action, a column a role, ● means allowed. Everything not marked is refused. The page
用户与审计 shows this very table, and a test tries every cell of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A role as the office names it; stored and shown under this name."""

    COUNTY_CLERK = "县级经办"
    PREFECTURE_REVIEWER = "州市审核"
    ADMINISTRATOR = "省级管理员"
    DUTY_OFFICER = "值班员"
    SHIFT_LEADER = "带班领导"
    LEADER = "领导(只读)"
    AUDITOR = "审计"


# fmt: off
_ROLES = (
    Role.COUNTY_CLERK, Role.PREFECTURE_REVIEWER, Role.ADMINISTRATOR,
    Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.LEADER, Role.AUDITOR,
)
_TABLE = """
动作              县级 州市 省管 值班 带班 领导 审计  说明
story.view        ●   ●   ●   ●   ●   ●   ·   查看实时值班、事件详情与舆情检索（限本辖区）
duty.stay         ·   ·   ·   ●   ●   ·   ·   值守页面常开不算闲置，班中不会被退出
story.export      ●   ●   ●   ●   ●   ●   ·   导出警情清单与检索结果（限本辖区，逐次留痕）
story.edit        ·   ●   ●   ●   ●   ·   ·   合并、拆分事件及撤销（限本辖区）
label.write       ●   ●   ●   ●   ●   ·   ·   标注研判对错（限本辖区）
restricted.read   ●   ●   ●   ●   ●   ·   ·   查看举报人等受限信息（限本辖区，逐次留痕）
restricted.write  ●   ●   ●   ●   ·   ·   ·   登记、更正、删除受限信息（限本辖区）
alert.sign        ·   ·   ●   ●   ●   ·   ·   签收警情，转交核查，并案，登记处置进展（限本辖区）
alert.work        ●   ●   ●   ●   ●   ·   ·   核查警情，登记查实情况，关联案件，拟写回应，提请办结（限本辖区）
alert.approve     ·   ·   ·   ·   ●   ·   ·   批准办结、降级与对外回应，重启已办结的警情（限本辖区）
alert.silence     ·   ·   ●   ·   ●   ·   ·   设置、解除警情静默（限本辖区）
handover.sign     ·   ·   ·   ●   ●   ·   ·   交接班签字（限本辖区）
roster.edit       ·   ●   ●   ·   ●   ·   ·   排定值班班次（限本辖区）
notify.view       ·   ·   ●   ●   ●   ·   ●   查看通知渠道与发送记录
notify.manage     ·   ·   ●   ·   ·   ·   ·   管理通知渠道与升级名单，重发消息
hotspot.mark      ·   ·   ●   ●   ●   ·   ·   标注聚集事件属实、误报或不明（限本辖区）
hotspot.register  ·   ·   ●   ·   ●   ·   ·   登记、取消影响基线的情况变更（限本辖区）
rule.edit         ·   ·   ●   ·   ·   ·   ·   修改关键词规则、门槛与别名，试验规则
ledger.view       ●   ●   ●   ●   ●   ●   ·   查看欠薪台账与统计（限本辖区）
ledger.edit       ●   ●   ●   ·   ·   ·   ·   登记、修改、分派台账记录，变更办理状态（限本辖区）
ledger.review     ·   ●   ●   ·   ●   ·   ·   复核：销账、不属实认定、法定结案、处置建议（限本辖区）
ledger.import     ●   ●   ●   ·   ·   ·   ·   导入台账工作簿（限本辖区，逐次留痕）
ledger.export     ●   ●   ●   ●   ●   ●   ·   导出台账（限本辖区，逐次留痕）
form.submit       ●   ●   ●   ·   ·   ·   ·   报送专项行动情况表（附件2）（限本辖区）
source.view       ·   ·   ●   ●   ●   ·   ●   查看监测源
source.poll       ·   ·   ●   ●   ·   ·   ·   试抓与立即抓取
source.edit       ·   ·   ●   ·   ·   ·   ·   添加、修改、暂停、移除、导入、导出监测源
model.train       ·   ·   ●   ·   ·   ·   ·   训练与启用研判模型，重新研判存量报道
demo.manage       ·   ·   ●   ·   ·   ·   ·   载入与清除演示数据
account.view      ·   ·   ●   ·   ·   ·   ●   查看账号与登录会话
account.manage    ·   ·   ●   ·   ·   ·   ·   添加、修改、停用账号，重置密码，结束他人登录
audit.view        ·   ·   ●   ·   ·   ·   ●   查看审计记录，校验审计链
audit.export      ·   ·   ·   ·   ·   ·   ●   导出审计记录（逐次留痕）
system.metrics    ·   ·   ●   ·   ·   ·   ●   读取运行指标
"""
# fmt: on


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the table: the action's code, what it means in words, and who may."""

    action: str
    words: str
    roles: frozenset[Role]


def _read(table: str) -> dict[str, Permission]:
    found: dict[str, Permission] = {}
    for line in table.strip().splitlines()[1:]:
        action, *rest = line.split(maxsplit=len(_ROLES) + 1)
        marks, words = rest[:-1], rest[-1]
        if len(marks) != len(_ROLES) or set(marks) - {"●", "·"} or action in found:
            raise ValueError(f"the table of permissions is damaged at {action}")
        allowed = frozenset(role for role, mark in zip(_ROLES, marks, strict=True) if mark == "●")
        found[action] = Permission(action, words, allowed)
    return found


MATRIX = _read(_TABLE)

# The level of division an account of the role is bound to; None: province, prefecture or county, as the account says.
REGION_LEVEL: dict[Role, str | None] = {
    Role.COUNTY_CLERK: "county",
    Role.PREFECTURE_REVIEWER: "prefecture",
    Role.ADMINISTRATOR: "province",
    Role.DUTY_OFFICER: None,
    Role.SHIFT_LEADER: None,
    Role.LEADER: None,
    Role.AUDITOR: "province",
}


def may(role: Role, action: str) -> bool:
    """Whether the role may do it.

    Raises:
        KeyError: there is no such action; a misspelt one must not pass for a refused one.
    """
    return role in MATRIX[action].roles
