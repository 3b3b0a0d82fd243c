"""The form of one channel: its plan and, by kind, how to reach the receiver. Secrets are never filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import time
from functools import lru_cache
from typing import Any

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.notify.channel_settings import MAX_CA, MAX_SECRET, MAX_URL, SECURITIES, ChannelError, ChannelSettings
from monitors.notify.channels import LEVELS, MAX_NAME, Plan
from monitors.opinion.model import LEVEL_NAMES
from monitors.regions import divisions
from pages.ledger_fields import Fields

_KEPT = "已保存，不显示；留空则不变"
_URLS = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=…",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/…",
    "webhook": "https://",
}
_SECRETS = {
    "dingtalk": ("加签密钥", "机器人安全设置选“加签”时显示的、以 SEC 开头的字符串"),
    "feishu": ("签名密钥", "机器人安全设置选“签名校验”时显示的密钥"),
    "webhook": ("签名密钥 *", "至少 16 个字符，与接收方约定"),
}


class ChannelFields(Fields):
    """Fields that know levels and hours, and put each fault of a channel beside its field."""

    def levels(self, field: str, label: str, value: Sequence[str], *, where: Any = st) -> tuple[str, ...]:
        """Some of the levels."""
        told = where.pills(
            label, LEVELS, selection_mode="multi", default=list(value), key=self._name(field),
            format_func=LEVEL_NAMES.__getitem__,
        )  # fmt: skip
        self._below(field, where)
        return tuple(told)

    def hour(self, field: str, label: str, value: int | None, *, where: Any = st, slot: str = "") -> int | None:
        """Minutes after midnight, or none."""
        held = None if value is None else time(value // 60, value % 60)
        told: time | None = where.time_input(label, held, key=self._name(field), step=900)
        self._below(slot or field, where)
        return None if told is None else told.hour * 60 + told.minute

    def hidden(self, field: str, label: str, *, most: int, known: bool, hint: str = "", where: Any = st) -> str:
        """A secret: never filled in; empty keeps what is stored."""
        return self.text(
            field, label, where=where, most=most, type="password", autocomplete="new-password", help=hint or None,
            placeholder=_KEPT if known else "",
        )  # fmt: skip

    def long(self, field: str, label: str, value: str, *, most: int) -> str:
        """Many lines of text."""
        told = st.text_area(label, value, key=self._name(field), max_chars=most, height=80)
        self._below(field, st)
        return (told or "").strip()

    def run(self, work: Callable[[Connection, Actor], object]) -> bool:
        """As in ``Fields``; what is wrong with a channel stands beside its fields."""
        faults: list[ChannelError] = []

        def tried(connection: Connection, actor: Actor) -> None:
            try:
                work(connection, actor)
            except ChannelError as error:
                faults.append(error)
                raise

        done = super().run(tried)
        if faults:
            self.complain(faults[0].faults)
        return done


@lru_cache(maxsize=1)
def regions() -> dict[str, str]:
    """Code → name: the province, its prefectures, its counties."""
    names = {divisions.YUNNAN: "云南省（全省）"} | {d.code: d.name for d in divisions.prefectures()}
    return names | {d.code: divisions.full_name(d.code).removeprefix("云南省") for d in divisions.counties()}


def ask(fields: ChannelFields, plan: Plan, held: ChannelSettings, *, known: bool) -> tuple[Plan, ChannelSettings]:
    """Draw the fields; what they hold. ``known``: secrets are stored already."""
    name = fields.text("name", "渠道名称 *", plan.name, most=MAX_NAME, placeholder="如：省厅值班群")
    settings = _mail(fields, held, known=known) if held.kind == "smtp" else _robot(fields, held, known=known)
    left, right = st.columns([2, 3])
    region = fields.choice("region", "警情所在地区 *", regions(), plan.region, names=regions(), where=left)
    levels = fields.levels("levels", "发送的级别 *", plan.levels, where=right)
    left, middle, right = st.columns(3)
    quiet_from = fields.hour("quiet_from", "免打扰开始", plan.quiet_from, where=left, slot="quiet")
    quiet_to = fields.hour("quiet_to", "免打扰结束", plan.quiet_to, where=middle)
    rate = fields.count("per_minute", "每分钟最多（条）", plan.per_minute, where=right, hint="群机器人限每分钟 20 条")
    st.caption("免打扰时段内，III、IV 级警情等到时段结束再发；I、II 级不受影响。两项都不填则全天发送。")
    return Plan(name, region, levels, quiet_from, quiet_to, rate or 0, plan.enabled), settings


def _robot(fields: ChannelFields, held: ChannelSettings, *, known: bool) -> ChannelSettings:
    url = fields.hidden(
        "url", "Webhook 地址" if known else "Webhook 地址 *", most=MAX_URL, known=known, hint=f"形如 {_URLS[held.kind]}"
    )
    secret = ""
    if held.kind in _SECRETS:
        label, hint = _SECRETS[held.kind]
        label = label.removesuffix(" *") if known else label
        secret = fields.hidden(
            "secret", label, most=MAX_SECRET, known=known,
            hint=f"{hint}。填写新地址时须一并填写" if known else hint,
        )  # fmt: skip
    plain, ca = _safety(fields, held)
    return ChannelSettings(held.kind, url=url, secret=secret, plain=plain, ca=ca)


def _mail(fields: ChannelFields, held: ChannelSettings, *, known: bool) -> ChannelSettings:
    first, second, third = st.columns([5, 2, 4])
    host = fields.text("host", "邮件服务器 *", held.host, where=first, most=253, placeholder="smtp.example.gov.cn")
    port = fields.count("port", "端口 *", held.port, where=second)
    security = fields.choice("security", "加密方式 *", SECURITIES, held.security, names=SECURITIES, where=third)
    left, right = st.columns(2)
    username = fields.text(
        "username",
        "登录名",
        held.username,
        where=left,
        most=MAX_SECRET,
        autocomplete="off",
        help="服务器不要求登录则留空",
    )
    password = fields.hidden(
        "password", "密码（授权码）", most=MAX_SECRET, known=known and bool(held.username), where=right,
        hint="更换服务器、端口、加密方式或登录名时须重新填写",
    )  # fmt: skip
    left, right = st.columns(2)
    sender = fields.text("sender", "发件邮箱 *", held.sender, where=left, most=254)
    sender_name = fields.text("sender_name", "发件人名称", held.sender_name, where=right, most=40)
    listed = fields.long("recipients", "收件邮箱 *（每行一个）", "\n".join(held.recipients), most=8000)
    recipients = tuple(dict.fromkeys(one for one in re.split(r"[\s,;，；、]+", listed) if one))
    plain, ca = _safety(fields, held)
    return ChannelSettings(
        "smtp", plain=plain, ca=ca, host=host, port=port or 0, security=security, username=username,
        password=password, sender=sender, sender_name=sender_name, recipients=recipients,
    )  # fmt: skip


def _safety(fields: ChannelFields, held: ChannelSettings) -> tuple[bool, str]:
    with st.expander("内网设置（明文传输、内部根证书）", expanded=held.plain or bool(held.ca)):
        plain = fields.flag("plain", "允许明文传输（仅限内网，消息和密钥不加密）", held.plain)
        ca = fields.long("ca", "内部根证书（PEM，可不填）", held.ca, most=MAX_CA)
    return plain, ca
