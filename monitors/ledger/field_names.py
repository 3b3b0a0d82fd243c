"""What the office calls the ledger's columns, and what of a change the audit trail may hold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from monitors.ledger import events
from monitors.regions import divisions

CASE: dict[str, str] = {
    "number": "案件编号", "employer_id": "用人单位编号", "project_id": "工程项目编号", "region": "地区",
    "channel": "线索渠道", "external_no": "来源编号", "first_receiver": "首问负责人", "summary": "案情摘要",
    "tags": "标签", "occurred_on": "欠薪发生日", "accepted_on": "受理日期", "claimed_workers": "诉求人数",
    "claimed_migrants": "诉求农民工人数", "claimed_fen": "诉求金额", "verified_workers": "查实人数",
    "verified_migrants": "查实农民工人数", "verified_fen": "查实金额", "verified_migrant_fen": "查实农民工金额",
    "verified_on": "查实日期", "prior_period": "行动前欠薪", "period_from": "欠薪起", "period_to": "欠薪止",
    "lead_unit": "牵头部门", "co_units": "协办单位", "plan": "化解方案", "unit": "责任单位", "person": "责任人",
    "due": "完成时限", "deadline": "最近时限", "major": "重大", "listed": "挂牌办理", "escalated": "提级办理",
    "leader": "包案领导", "leader_unit": "包案领导身份", "recurring": "边清边欠", "state": "状态",
    "handler": "经办账号", "filed_on": "立案日期", "withdrawn_on": "撤销立案日期", "closed_on": "销账日期",
    "legal_ending": "法定结案情形", "recheck_on": "回头看日期", "paid_workers": "已支付人数",
    "paid_fen": "已支付工资", "first_filed_on": "首次立案日期", "first_closed_on": "首次销账日期",
}  # fmt: skip
# Columns of payments, measures, executions, clues and hazards, and what a transition asks for besides columns.
OTHER: dict[str, str] = {
    "reason": "原因", "proof": "依据", "evidence": "证据", "finding": "核查结果", "id": "编号", "on": "日期",
    "persons": "人数", "migrants": "农民工人数", "first_persons": "首次领到人数",
    "first_migrants": "首次领到农民工人数", "wage_fen": "工资", "wage_migrant_fen": "农民工工资",
    "compensation_fen": "赔偿金", "compensation_migrant_fen": "农民工赔偿金", "source": "资金来源", "type": "措施",
    "doc_no": "文书编号", "result": "结果", "done_on": "履行日期", "basis": "执行依据", "court": "法院",
    "amount_fen": "金额", "recovered_fen": "执行到位金额", "batch": "批次", "clock": "时限", "kind": "类别",
    "days": "天数", "approver": "批准人", "target_unit": "转送单位", "conclusion": "结论",
    "feedback_on": "反馈日期", "feedback_how": "反馈方式", "case_id": "案件编号",
}  # fmt: skip
NAMES = OTHER | CASE
# Free text may name a complainant: the trail says that it changed, not what it says.
UNSPOKEN = frozenset({"summary", "plan", "proof", "evidence", "finding", "reason", "legal_ending", "cause", "note"})
CHANGED = "已更改"


def spoken(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the audit trail may hold them: named in Chinese, money in 元, free text unspoken."""
    return {
        NAMES.get(key, key): CHANGED if key in UNSPOKEN else _worded(key, value)
        for key, value in events.plain(values).items()
        if key not in ("by", "number") and value is not None and value not in ("", [])
    }


def yuan(fen: int) -> str:
    """``12345`` → ``123.45元``."""
    return f"{Decimal(fen) / 100:,.2f}元"


def _worded(key: str, value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    if key.endswith("_fen"):
        return yuan(value)
    if key == "region":
        return divisions.full_name(str(value)) or value
    return value
