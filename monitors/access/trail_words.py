"""What the audit trail says in Chinese: names of acts, kinds and fields, and one sentence for each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors.access.audit import canonical
from monitors.clock import local
from monitors.regions import divisions

# Every code the trail knows → what was done, as a verb and its object.
ACTS: dict[str, str] = {
    "session.sign_in": "登录",
    "session.sign_out": "退出登录",
    "session.end": "结束登录会话",
    "password.change": "修改密码",
    "setup.complete": "首次设置管理员",
    "account.view": "查看账号",
    "account.manage": "管理账号",
    "story.view": "查看事件",
    "story.export": "导出清单",
    "story.edit": "合并、拆分事件",
    "alert.sign": "签收警情",
    "alert.work": "办理警情",
    "alert.approve": "批准警情办理",
    "alert.move": "变更警情状态",
    "alert.level": "调整警情级别",
    "alert.update": "登记处置进展",
    "alert.leader": "报告带班领导",
    "alert.plan": "执行应急预案",
    "alert.link": "关联台账记录",
    "alert.unlink": "取消关联台账记录",
    "alert.pack": "导出警情专报",
    "alert.silence": "静默警情",
    "response.write": "拟写对外回应",
    "response.approve": "批准对外回应",
    "response.publish": "登记对外发布",
    "handover.sign": "交接班签字",
    "roster.edit": "排班",
    "notify.view": "查看通知渠道",
    "notify.manage": "管理通知渠道",
    "notify.test": "发送测试消息",
    "notify.resend": "重发消息",
    "hotspot.mark": "标注聚集事件",
    "hotspot.register": "登记情况变更",
    "rule.edit": "修改研判规则",
    "rule.try": "试验研判规则",
    "label.write": "更正研判",
    "label.remove": "撤销研判更正",
    "duty.stay": "值守",
    "restricted.read": "查看受限信息",
    "restricted.write": "登记受限信息",
    "restricted.remove": "删除受限信息",
    "source.view": "查看监测源",
    "source.poll": "试抓或立即抓取",
    "source.edit": "修改监测源",
    "model.train": "训练研判模型",
    "ledger.view": "查看台账",
    "ledger.edit": "修改台账",
    "ledger.review": "复核台账",
    "ledger.import": "导入台账",
    "ledger.export": "导出台账",
    "employer.add": "登记用人单位",
    "employer.edit": "修改用人单位",
    "project.add": "登记工程项目",
    "project.edit": "修改工程项目",
    "inspection.add": "登记检查",
    "inspection.edit": "修改检查",
    "reception.add": "登记接访",
    "reception.edit": "修改接访",
    "case.create": "登记案件",
    "case.edit": "修改案件",
    "case.assign": "分派案件",
    "case.merge": "合并案件",
    "case.move": "办理案件",
    "case.mark": "标记案件",
    "case.clock": "变更办理时限",
    "case.suggestion": "决定处置建议",
    "clue.add": "登记线索",
    "clue.edit": "修改线索",
    "clue.move": "办理线索",
    "hazard.add": "登记隐患",
    "hazard.edit": "修改隐患",
    "hazard.move": "办理隐患",
    "payment.add": "登记支付",
    "payment.edit": "修改支付",
    "payment.remove": "删除支付",
    "measure.add": "登记措施",
    "measure.edit": "修改措施",
    "execution.add": "登记执行",
    "execution.edit": "修改执行",
    "form.submit": "报送情况表",
    "form.export": "导出情况表",
    "demo.manage": "管理演示数据",
    "audit.view": "查看审计记录",
    "audit.export": "导出审计记录",
    "audit.verify": "校验审计链",
    "system.metrics": "读取运行指标",
    "retention.run": "按期限清理数据",
    "masking.run": "补做隐私遮盖",
    "rejudge.run": "重新研判存量报道",
    "backup.make": "备份",
    "backup.restore": "恢复备份",
    "key.rotate": "更换密钥",
}

# What a person chooses in the search: a name for several codes, told by the part before the dot.
GROUPS: dict[str, tuple[str, ...]] = {
    "登录与密码": ("session", "password", "setup"),
    "账号": ("account",),
    "事件与导出": ("story", "duty"),
    "警情处置": ("alert", "response", "handover", "roster"),
    "通知": ("notify",),
    "热点": ("hotspot",),
    "受限信息": ("restricted",),
    "研判": ("label", "model", "rule"),
    "监测源": ("source",),
    "台账": (
        *("ledger", "case", "clue", "hazard", "payment", "measure", "execution"),
        *("employer", "project", "inspection", "reception"),
    ),
    "报表": ("form",),
    "演示数据": ("demo",),
    "审计": ("audit",),
    "系统": ("system", "retention", "masking", "rejudge", "backup", "key"),
}

KINDS: dict[str, str] = {
    "account": "账号",
    "session": "登录会话",
    "source": "监测源",
    "story": "事件",
    "alert": "警情",
    "response": "对外回应",
    "handover": "交接班",
    "shift": "班次",
    "silence": "静默",
    "channel": "通知渠道",
    "contact": "升级名单",
    "message": "通知消息",
    "rule_set": "研判规则",
    "item": "报道",
    "model": "研判模型",
    "audit": "审计记录",
    "restricted": "受限信息",
    "wage_case": "案件",
    "clue": "线索",
    "hazard": "隐患",
    "employer": "用人单位",
    "project": "工程项目",
    "inspection": "检查",
    "payment": "支付",
    "measure": "措施",
    "execution": "执行",
    "reception": "接访",
    "ledger": "台账",
    "form": "情况表",
    "demo": "演示数据",
    "backup": "备份",
    "hotspot": "聚集事件",
    "known_change": "情况变更",
    "page": "页面",
    "system": "系统",
}

FIELDS: dict[str, str] = {
    "name": "账号",
    "display": "姓名",
    "unit": "单位",
    "role": "角色",
    "region": "辖区",
    "disabled": "停用",
    "locked_until": "锁定至",
    "locked": "锁定",
    "failures": "连续输错次数",
    "must_change": "须改密码",
    "password": "密码",
    "origin": "来历",
    "why": "原因",
    "act": "操作",
    "way": "登录方式",
    "subject": "认证系统标识",
    "wait_seconds": "须等待（秒）",
    "format": "格式",
    "filters": "筛选条件",
    "cutoff": "截止日期",
    "explained": "已说明的审核",
    "digest": "校验值",
    "rows": "条数",
    "count": "数量",
    "fields": "字段",
    "session": "登录会话",
    "sessions": "登录会话数",
    "ended": "结束的会话数",
    "agent": "浏览器",
    "address": "来源地址",
    "host": "网站",
    "url": "网址",
    "kind": "类型",
    "group": "分组",
    "outlet": "媒体",
    "title": "标题",
    "interval_seconds": "抓取间隔（秒）",
    "max_interval_seconds": "最长间隔（秒）",
    "tier": "可信等级",
    "national": "全国性媒体",
    "condition": "状况",
    "condition_note": "状况说明",
    "paused": "暂停",
    "removed": "移除",
    "recipe": "抓取方法",
    "headers": "请求头",
    "body": "请求内容",
    "words": "说明",
    "ok": "完好",
    "seq": "序号",
    "channel": "通知渠道",
    "levels": "警情级别",
    "quiet": "免打扰",
    "per_minute": "每分钟条数",
    "enabled": "启用",
    "shown": "去向",
    "secret": "地址或密钥",
    "step": "升级次序",
    "told": "渠道应答",
}

# Keys under which a row names its act, and the one that holds a source's name.
_SAID = ("act", "操作")
_SOURCE_NAME = "监测源"
_PAGES = {
    "duty": "实时值班", "search": "舆情检索", "form": "附件2报表", "sources": "监测源", "rules": "规则与词库",
    "people": "用户与审计", "hotspots": "热点地图", "trends": "趋势",
    "notify": "通知渠道", "roster": "值班与交接", "alerts": "警情处置", "links": "见报与台账",
    "ledger": "欠薪台账", "projects": "项目与检查", "clues": "线索与隐患", "ledger-import": "导入台账",
    "ledger_import": "导入台账", "ledger-stats": "台账统计", "upload": "上传文件",
}  # fmt: skip
_SHOWN = 200  # characters of one value in a sentence; the whole stands in the row itself


@dataclass(frozen=True, slots=True)
class Row:
    """One act as it stands in the trail. ``before`` and ``after`` are the signed JSON texts, ``mac`` their digest."""

    seq: int
    at: datetime
    account_id: int | None
    actor: str
    display: str
    role: str
    address: str
    session: str
    action: str
    kind: str
    target: str
    region: str
    outcome: str
    before: str
    after: str
    mac: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a row: its name and both values in words, ``""`` where there is none."""

    field: str
    before: str
    after: str


def act_name(code: str) -> str:
    """The Chinese name of an act; an unknown code is shown as it is."""
    return ACTS.get(code, code)


def kind_name(kind: str) -> str:
    """The Chinese name of a kind of record; an unknown one is shown as it is."""
    return KINDS.get(kind, kind)


def changes(row: Row) -> tuple[Change, ...]:
    """What the row says of its record, field by field, in the order of the fields' names."""
    before, after = _held(row.before), _held(row.after)
    found = [
        Change(FIELDS.get(key, key), _value(key, before.get(key)), _value(key, after.get(key)))
        for key in sorted(before.keys() | after.keys())
    ]
    return tuple(change for change in found if change.before or change.after)


def sentence(row: Row) -> str:
    """One readable sentence: who did what to what, with the change.

    ``李管理员 停用账号 zhang（昆明市五华区）``; a refusal says why, a failure too.
    """
    before, after = _held(row.before), _held(row.after)
    who = row.display or row.actor or "不明身份"
    what = " ".join(part for part in (_act(row, before, after), _object(row, after)) if part)
    if row.outcome == "拒绝":
        why = _reason(row, _value("why", after.get("why")))
        return f"{who} 未获准 {what}" + (f"（{why}）" if why else "")
    details = _details(row, before, after)
    failed = "未成功" if row.outcome == "失败" and "未" not in what else ""
    return f"{who} {what}{failed}" + (f"（{details}）" if details else "")


def _reason(row: Row, said: str) -> str:
    """Why it was refused, as the reader of the trail must know it: what the person was told was worded for them."""
    away = row.action == "story.view" and row.kind == "story" and said.startswith("没有这起事件")
    if away or (row.kind == "alert" and said.startswith("没有这起警情")):
        return "不在其辖区内"  # the person is told there is none, and must not learn otherwise
    return said.replace("您的", "其")


def _said(after: Mapping[str, Any]) -> str:
    """What the writer of the row calls the act; closer than the code, which several acts share."""
    return next((str(after[key]) for key in _SAID if after.get(key)), "")


def _act(row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    said = _said(after)
    if row.action == "story.export" and row.kind in ("alert", "item"):
        return "导出警情清单" if row.kind == "alert" else "导出检索结果"
    if row.outcome == "拒绝" or not (said or row.action == "account.manage"):
        return act_name(row.action)
    said = said or _verb(before, after)
    thing = KINDS.get(row.kind, "")
    if row.outcome == "失败" and "未" in said:
        return f"{thing}{said}"  # 演示数据载入未完成，已撤回
    if row.kind == "story" and row.target:
        return said  # the story's number follows with its kind: 合并 事件 12
    # 重置密码 names its thing; 停用 does not.
    return said if thing in said or "密码" in said else f"{said}{thing}"


def _verb(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What a change is called whose writer did not say."""
    if "disabled" in after:
        return "停用" if after["disabled"] else "启用"
    return "添加" if after and not before else "修改"


def _object(row: Row, after: Mapping[str, Any]) -> str:
    """The record: a source by its name, a story by kind and number; nothing where it is the person's own account."""
    if not row.target or (row.kind == "account" and row.target == row.actor):
        return ""
    if row.kind == "source":
        return str(after.get(_SOURCE_NAME) or row.target)
    if row.kind == "page":
        return f"页面“{_PAGES.get(row.target, row.target)}”"
    if row.kind in ("account", ""):
        return row.target
    name = kind_name(row.kind)
    if row.action.startswith(("case.", "clue.", "hazard.")) and _act(row, {}, after).endswith(name):
        return row.target  # 登记案件 AJ2026-000012: the act has named its thing
    return f"{name} {row.target}"


def _details(row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if row.action == "audit.verify":
        return _value("words", after.get("words"))
    told = {FIELDS.get(key, key) for key in (*_SAID, _SOURCE_NAME)}
    if set(after) & set(_SAID):
        told.add(FIELDS["disabled"])  # 停用 and 启用 have said it
    parts = []
    if row.kind == "account" and row.region and row.target != row.actor and "region" not in after:
        parts.append(divisions.full_name(row.region) or row.region)
    for change in changes(row):
        if (
            change.field in told
            or change.before == change.after
            or (change.after and change.after in act_name(row.action))
        ):
            continue  # the same again, or said by the act: 退出登录（原因：退出）
        if not before or not change.before:
            parts.append(f"{change.field}：{change.after}")
        else:
            parts.append(f"{change.field}：{change.before} → {change.after or '无'}")
    return "；".join(parts)


def _held(text: str) -> dict[str, Any]:
    """The mapping a row holds as JSON; a text that is none (a row of foreign making) under one name."""
    try:
        held = json.loads(text or "{}")
    except ValueError:
        return {"内容": text}
    return held if isinstance(held, dict) else {"内容": held}


def _value(key: str, value: Any) -> str:
    match value:
        case None | "":
            words = ""
        case bool():
            words = "是" if value else "否"
        case str() if key == "region" or key.endswith("_region"):
            words = divisions.full_name(value) or value
        case str() if key.endswith(("_at", "_until", "since")) or key == "until":
            words = _moment(value)
        case list():
            words = "、".join(_value(key, one) for one in value)
        case dict():
            words = "，".join(f"{FIELDS.get(k, k)} {_value(k, v)}" for k, v in value.items()) or canonical(value)
        case _:
            words = str(value)
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{local(moment):%Y-%m-%d %H:%M:%S}" if moment.tzinfo else text
