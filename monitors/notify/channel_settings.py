"""What a channel needs to reach its receiver (渠道设置), by kind: asked for, checked, sealed and never shown again.

A robot's address is itself the key to its group; so addresses, signing secrets and passwords are kept together under
AES-256-GCM, bound to the channel, with a key outside the database (``monitors.access.keys``). No ``repr``, message or
error of this room holds any of them.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from monitors.access import keys
from monitors.errors import InputError

ChannelKind = Literal["wecom", "dingtalk", "feishu", "smtp", "webhook"]
KINDS: dict[str, str] = {
    "wecom": "企业微信群机器人",
    "dingtalk": "钉钉群机器人",
    "feishu": "飞书群机器人",
    "smtp": "电子邮件（SMTP）",
    "webhook": "通用 Webhook",
}
Security = Literal["starttls", "ssl", "none"]
SECURITIES: dict[str, str] = {
    "starttls": "STARTTLS（587 端口）",
    "ssl": "SSL/TLS（465 端口）",
    "none": "不加密（25 端口）",
}
MAX_URL, MAX_SECRET, MAX_CA, MAX_RECIPIENTS = 1000, 300, 60_000, 50
MIN_HMAC = 16
DAMAGED = "渠道设置无法解密：密钥不是保存时的密钥，或内容已被改动；请重新填写该渠道的地址和密钥"
# Local parts as they are used in practice: what could end a header line or name a second mailbox is not among them.
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_FORMAT = b"\x01"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class ChannelFault:
    """One thing wrong with one field, said beside it. ``code`` is always empty: no rule of the ledger."""

    field: str
    words: str
    code: str = ""

    def __str__(self) -> str:
        return self.words


class ChannelError(InputError):
    """The channel was refused; nothing was written. ``faults`` says what is wrong, field by field, without a secret."""

    def __init__(self, faults: Sequence[ChannelFault]) -> None:
        super().__init__("；".join(str(one) for one in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, repr=False)
class ChannelSettings:
    """One channel's settings. ``url`` of a robot is a secret, as are ``secret`` and ``password``.

    ``plain``: somebody agreed to send without encryption. ``ca``: PEM certificates believed besides the usual ones.
    ``recipients`` are mailboxes of ``smtp``. ``damaged``: what was stored could not be opened.
    """

    kind: ChannelKind
    url: str = ""
    secret: str = ""
    plain: bool = False
    ca: str = ""
    host: str = ""
    port: int = 0
    security: Security = "starttls"
    username: str = ""
    password: str = ""
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    damaged: bool = False

    def __repr__(self) -> str:
        return f"ChannelSettings(kind={self.kind!r}, shown={self.shown!r})"

    @property
    def shown(self) -> str:
        """Where it leads, without any secret: a host, or the first mailbox and the server."""
        if self.kind == "smtp":
            more = f" 等 {len(self.recipients)} 个邮箱" if len(self.recipients) > 1 else ""
            return f"{self.recipients[0] if self.recipients else '—'}{more}（经 {self.host}:{self.port}）"[:200]
        try:
            parts = urlsplit(self.url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "—"
        return f"{parts.hostname or '—'}{port}"[:200]

    def redacted(self, words: str) -> str:
        """``words`` with every secret of this channel blotted out, however the other side wrote it back."""
        for secret in sorted(set(self._secrets()), key=len, reverse=True):
            for form in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
                words = words.replace(form, "***")
        return words

    def _secrets(self) -> Iterator[str]:
        yield from (one for one in (self.secret, self.password) if len(one) >= 4)
        if self.kind == "smtp" and self.password:
            # As they go over the line when signing in: some servers quote what they did not like.
            for told in (self.password, f"\0{self.username}\0{self.password}"):
                yield base64.b64encode(told.encode()).decode()
        if self.kind == "smtp" or not self.url:
            return
        yield self.url
        try:
            parts = urlsplit(self.url)
            # A token stands in the query or, with 飞书, as the last piece of the path.
            yield from (value for _, value in parse_qsl(parts.query) if len(value) >= 6)
            yield from (piece for piece in parts.path.split("/") if len(unquote(piece)) >= 12)
        except ValueError:
            return


def kept(entered: ChannelSettings, present: ChannelSettings) -> ChannelSettings:
    """``entered`` with the stored secrets where their fields were left empty.

    A secret stays with the receiver it was meant for: another address takes no old signing secret along, another mail
    server or sign-in name no old password.
    """
    if present.damaged or entered.kind != present.kind:
        return entered
    if entered.kind == "smtp":
        same = ("host", "port", "security", "username")
        if not entered.password and all(getattr(entered, name) == getattr(present, name) for name in same):
            return replace(entered, password=present.password)
        return entered
    if entered.url:
        return entered
    return replace(entered, url=present.url, secret=entered.secret or present.secret)


def check(settings: ChannelSettings) -> tuple[ChannelFault, ...]:
    """Everything wrong with the settings, field by field; no sentence repeats a secret."""
    if settings.kind not in get_args(ChannelKind):
        return (ChannelFault("kind", "请选择渠道类型"),)
    found = list(_mail_faults(settings) if settings.kind == "smtp" else _url_faults(settings))
    if settings.ca:
        found += _ca_faults(settings.ca)
    return tuple(found)


def recipient_fault(kind: str, recipient: str) -> str:
    """What is wrong with a person's address within a channel of this kind; ``""`` where nothing is."""
    if kind == "smtp":
        return "" if _MAILBOX.fullmatch(recipient) else "邮件渠道须填写收件邮箱，如 zhiban@example.gov.cn"
    if not recipient:
        return ""
    if not re.fullmatch(r"[0-9A-Za-z._@+-]{1,64}", recipient):
        return "群内成员标识只能是字母、数字和 . _ - @ +（企业微信填成员账号或手机号，钉钉填手机号，飞书填 open_id）"
    return ""


def _url_faults(settings: ChannelSettings) -> Iterator[ChannelFault]:
    url = settings.url
    if not url:
        yield ChannelFault("url", "请填写 Webhook 地址")
        return
    if words := _address_fault(url, plain=settings.plain):
        yield ChannelFault("plain" if "明文" in words else "url", words)
        return
    yield from _ROBOTS[settings.kind](settings)
    if len(settings.secret) > MAX_SECRET or _CONTROL.search(settings.secret) or not settings.secret.isascii():
        yield ChannelFault("secret", "密钥只能是可见的英文字符，请重新复制")


def _address_fault(url: str, *, plain: bool) -> str:
    if len(url) > MAX_URL or _CONTROL.search(url) or not url.isascii() or "\\" in url:
        return "地址中有空格、中文或其他不允许的字符，请重新复制"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "地址格式不对，请重新复制"
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or port == 0:
        return "地址应以 https:// 开头，后接主机名"
    if "@" in parts.netloc:
        return "地址中不能带用户名和密码"
    if parts.scheme == "http" and not plain:
        return "该地址不加密（http）；确需使用请勾选“允许明文传输”"
    return ""


def _wecom(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if not dict(parse_qsl(urlsplit(settings.url).query)).get("key"):
        yield ChannelFault("url", "企业微信机器人的地址应形如 https://…/cgi-bin/webhook/send?key=…，缺少 key")


def _dingtalk(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if not dict(parse_qsl(urlsplit(settings.url).query)).get("access_token"):
        yield ChannelFault("url", "钉钉机器人的地址应形如 https://…/robot/send?access_token=…，缺少 access_token")
    if settings.secret and not settings.secret.startswith("SEC"):
        yield ChannelFault("secret", "钉钉的加签密钥以 SEC 开头，请在机器人的安全设置中复制")


def _feishu(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if not re.search(r"/bot/v2/hook/[^/?#]+$", urlsplit(settings.url).path):
        yield ChannelFault("url", "飞书机器人的地址应形如 https://…/open-apis/bot/v2/hook/…")


def _webhook(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if len(settings.secret) < MIN_HMAC:
        yield ChannelFault("secret", f"请填写签名密钥，至少 {MIN_HMAC} 个字符，接收方凭它核对消息真伪")


_ROBOTS: dict[str, Callable[[ChannelSettings], Iterator[ChannelFault]]] = {
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
    "webhook": _webhook,
}


def _mail_faults(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if not _HOST.fullmatch(settings.host):
        yield ChannelFault("host", "请填写邮件服务器的主机名或地址，如 smtp.example.gov.cn")
    if not 0 < settings.port < 65536:
        yield ChannelFault("port", "端口应为 1–65535 的整数")
    if settings.security not in get_args(Security):
        yield ChannelFault("security", "请选择加密方式")
    elif settings.security == "none" and not settings.plain:
        yield ChannelFault("plain", "不加密时邮件内容和密码都以明文传输；确需使用请勾选“允许明文传输”")
    if bool(settings.username) != bool(settings.password):
        missing = "password" if settings.username else "username"
        yield ChannelFault(missing, "登录名和密码（授权码）须一并填写；更换服务器或登录名后须重新填写密码")
    for field, value in (("username", settings.username), ("password", settings.password)):
        if len(value) > MAX_SECRET or any(not one.isprintable() for one in value):
            yield ChannelFault(field, f"不能含换行等控制字符，也不能超过 {MAX_SECRET} 字")
    yield from _envelope_faults(settings)


def _envelope_faults(settings: ChannelSettings) -> Iterator[ChannelFault]:
    if not _MAILBOX.fullmatch(settings.sender):
        yield ChannelFault("sender", "请填写发件邮箱，如 zhiban@example.gov.cn")
    if any(not one.isprintable() for one in settings.sender_name) or len(settings.sender_name) > 40:
        yield ChannelFault("sender_name", "发件人名称不能超过 40 字，也不能含换行等控制字符")
    wrong = [one for one in settings.recipients if not _MAILBOX.fullmatch(one)]
    if not settings.recipients:
        yield ChannelFault("recipients", "请至少填写一个收件邮箱")
    elif wrong or len(settings.recipients) > MAX_RECIPIENTS:
        named = f"“{''.join(c if c.isprintable() else '?' for c in wrong[0])[:60]}”不是邮箱地址" if wrong else ""
        yield ChannelFault("recipients", named or f"收件邮箱不能超过 {MAX_RECIPIENTS} 个")


def _ca_faults(pem: str) -> list[ChannelFault]:
    if len(pem) <= MAX_CA and "PRIVATE KEY" not in pem and pem.isascii():
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
        except (ssl.SSLError, ValueError):
            pass
        else:
            return []
    return [ChannelFault("ca", "内部根证书应为 PEM 格式的证书（-----BEGIN CERTIFICATE----- 开头），不要粘贴私钥")]


# ── at rest ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def seal(settings: ChannelSettings, channel_id: int) -> bytes:
    """The settings as they lie in the database. Raises StoreError where there is no key."""
    nonce = secrets.token_bytes(_NONCE)
    plain = json.dumps(asdict(settings), ensure_ascii=False).encode()
    bound = _bound(channel_id, settings.kind)
    return _FORMAT + nonce + AESGCM(keys.derived("channel")).encrypt(nonce, plain, bound)


def unseal(sealed: bytes, channel_id: int, kind: ChannelKind) -> ChannelSettings:
    """The settings; ``damaged`` where they do not open: one broken channel must not silence the others."""
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        plain = AESGCM(keys.derived("channel")).decrypt(nonce, body, _bound(channel_id, kind, sealed[:1]))
    except (InvalidTag, ValueError):
        return ChannelSettings(kind, damaged=True)
    held = json.loads(plain)
    return ChannelSettings(**held | {"recipients": tuple(held["recipients"])})


def _bound(channel_id: int, kind: str, form: bytes = _FORMAT) -> bytes:
    return form + f"channel|{channel_id}|{kind}".encode()
