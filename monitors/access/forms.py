"""The pages before the sign-in, as HTML (登录页面): Chinese, without script, every value escaped."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from monitors.settings import Settings

_RULES = (
    "不少于 {min_length} 个字符，含大写字母、小写字母、数字、其他字符中的三种；或者不少于 16 个字符，种类不限",
    "不含登录名，不用常见的密码",
)


def sign_in(settings: Settings, *, name: str = "", next_: str = "/", error: str = "", notice: str = "") -> str:
    """The sign-in form. ``error`` is why the last try failed, ``notice`` a calm word above the form."""
    said = _said(error, bad=True) or _said(notice)
    focus = " autofocus"
    fields = _field("登录名", "name", value=name, autocomplete="username", extra="" if name else focus) + _field(
        "密码", "password", kind="password", autocomplete="current-password", extra=focus if name else ""
    )
    sso = ""
    if settings.sso.enabled:
        address = "/sso/login" if next_ == "/" else f"/sso/login?next={quote(next_, safe='')}"
        sso = f'<a class="button second" href="{escape(address)}">{escape(settings.sso.label)}</a>'
    body = (
        f'<h2>登录</h2>{said}<form method="post" action="/login">{_hidden("next", next_)}{fields}'
        f'<button type="submit">登录</button></form>{sso}<p class="hint">忘记密码请联系省级管理员重置。</p>'
    )
    return _page(settings, "登录", body)


def no_account(settings: Settings) -> str:
    """Before the first administrator exists: where the set-up link is."""
    return notice(
        settings, "尚未设置", "系统尚未设置管理员。请在服务器控制台找到启动时打印的一次性设置链接，用浏览器打开。"
    )


def set_up(settings: Settings, token: str, *, name: str = "", display: str = "", error: str = "") -> str:
    """The form behind the one-time link: the first 省级管理员."""
    body = (
        f"<h2>设置第一位省级管理员</h2>{_said(error, bad=True)}"
        f'<form method="post" action="/setup">{_hidden("token", token)}'
        '<div class="pair">'
        + _field("登录名", "name", value=name, autocomplete="username", extra=" autofocus")
        + _field("姓名", "display", value=display, autocomplete="name")
        + f"</div>{_new_password(settings, '密码')}"
        + '<button type="submit">完成设置</button></form>'
        '<p class="hint">其他人员的账号由省级管理员登录后添加。此链接用过即失效。</p>'
    )
    return _page(settings, "首次设置", body, wide=True)


def password(settings: Settings, *, name: str, who: str, forced: bool, next_: str = "/", error: str = "") -> str:
    """Changing one's own password; ``forced`` before anything else may be opened.

    ``name`` is the login name: a password manager finds by it the entry it has to renew.
    """
    title = "修改初始密码" if forced else "修改密码"
    why = "首次登录或密码被重置后，须先换成自己的密码。" if forced else "修改后，本账号在其他地方的登录将全部退出。"
    back = (
        '<form class="plain" method="post" action="/logout"><button type="submit">退出登录</button></form>'
        if forced
        else f'<a class="button second" href="{escape(next_)}">返回</a>'
    )
    body = (
        f'<h2>{title}</h2>{_said(error, bad=True)}<p class="who">{escape(who)}：{why}</p>'
        f'<form method="post" action="/password">{_hidden("next", next_)}'
        f'<input type="text" value="{escape(name)}" autocomplete="username" readonly hidden>'
        + _field("原密码", "old", kind="password", autocomplete="current-password", extra=" autofocus")
        + _new_password(settings, "新密码")
        + f'<button type="submit">保存</button></form>{back}'
    )
    return _page(settings, title, body, wide=True)


def notice(settings: Settings, title: str, words: str, *, to: str = "", label: str = "") -> str:
    """A page that says one thing, with one way on where ``to`` is given."""
    way = f'<a class="button second" href="{escape(to)}">{escape(label)}</a>' if to else ""
    return _page(settings, title, f"<h2>{escape(title)}</h2><p>{escape(words)}</p>{way}")


def _new_password(settings: Settings, label: str) -> str:
    rules = "".join(f"<li>{rule.format(min_length=settings.password.min_length)}</li>" for rule in _RULES)
    return (
        '<div class="pair">'
        + _field(label, "new", kind="password", autocomplete="new-password")
        + _field(f"再输入一次{label}", "again", kind="password", autocomplete="new-password")
        + f'</div><ul class="rules">{rules}</ul>'
    )


def _field(
    label: str, name: str, *, kind: str = "text", value: str = "", autocomplete: str = "", extra: str = ""
) -> str:
    return (
        f'<label>{label}<input type="{kind}" name="{name}" value="{escape(value)}" autocomplete="{autocomplete}"'
        f' maxlength="128" required spellcheck="false" autocapitalize="none"{extra}></label>'
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _said(words: str, *, bad: bool = False) -> str:
    """What went wrong or right; several sentences become a list."""
    if not words:
        return ""
    parts = [escape(part) for part in words.split("；") if part]
    inner = parts[0] if len(parts) == 1 else "<ul>" + "".join(f"<li>{part}</li>" for part in parts) + "</ul>"
    return f'<div class="said{" bad" if bad else ""}" role="{"alert" if bad else "status"}">{inner}</div>'


def _page(settings: Settings, title: str, body: str, *, wide: bool = False) -> str:
    site = settings.site
    emblem = '<img src="/login/emblem" alt="">' if site.emblem else ""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)} · {escape(site.name)}</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/login/style.css"></head><body>'
        f"<main><header>{emblem}<p>{escape(site.office)}</p><h1>{escape(site.name)}</h1></header>"
        f'<section class="sheet{" wide" if wide else ""}">{body}</section></main>'
        f"<footer>举报投诉电话 {escape(site.telephone)}</footer></body></html>"
    )
