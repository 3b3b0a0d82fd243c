"""One account at the right edge: what it is, what may be changed, what its owner did last. Or a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from monitors.access import accounts, trail
from monitors.access.accounts import Account
from monitors.access.roles import REGION_LEVEL, Role
from monitors.clock import local, stamp, utc_now
from monitors.errors import ConflictError, MonitorsError
from monitors.regions import divisions
from pages import context, people_accounts, presses
from pages.markup import Html, plain, tag

NEW = "new"  # ?account=new is the empty form
NOTE = "people-note"
_SECRET = "people-secret"  # (account, first password): shown until the drawer closes, stored nowhere  # noqa: S105
_LAST_ACTS = 12
REGION_LABELS = {"county": "县（市、区）*", "prefecture": "州（市）*", "province": "辖区 *", None: "辖区 *"}


@dataclass(frozen=True, slots=True)
class Entered:
    """What the form holds; ``region`` is ``""`` while none is chosen."""

    name: str
    display: str
    unit: str
    role: Role
    region: str


def complain(error: MonitorsError) -> None:
    """Say what went wrong or was refused."""
    st.error(plain(str(error)), icon=":material/error:")


def say_note() -> None:
    """Show once how the last change went."""
    if note := st.session_state.pop(NOTE, ""):
        st.toast(plain(note), icon=":material/check_circle:")


def rerun_with(note: str) -> None:
    """Draw the whole page again and say ``note``."""
    st.session_state[NOTE] = note
    st.rerun()


def _closed() -> None:
    st.query_params.pop("account", None)
    st.session_state.pop(_SECRET, None)


def open_drawer(wanted: str) -> None:
    """The drawer for ``?account=``: a number, or ``new`` for those who may add."""
    if wanted == NEW:
        if context.may("account.manage"):
            _open_new()
        return
    _open_account(wanted)


# ── A new account ────────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("新增账号", width="medium", position="right", on_dismiss=_closed)
def _open_new() -> None:
    said = st.container()  # above the fields: below the button a message may stand outside the window
    entered = _ask(None, key="people-add")
    st.caption("系统会生成一次性密码，添加后显示一次；本人首次登录时须改为自己的密码。")
    if not st.button("添加账号", type="primary", key="people-add-save"):
        return
    who = context.actor()
    try:
        with context.act() as connection:
            added, password = accounts.add(
                connection,
                who,
                name=entered.name,
                display=entered.display,
                role=entered.role,
                region=entered.region,
                unit=entered.unit,
                now=utc_now(),
                settings=context.settings(),
            )
    except MonitorsError as error:
        with said:
            complain(error)
        return
    st.session_state[_SECRET] = (added, password)
    st.query_params["account"] = str(added)
    rerun_with(f"已添加账号“{entered.display}”")


def regions_for(role: Role) -> dict[str, str]:
    """Code → name of the divisions an account of this role may be bound to."""
    choices = {
        "province": {divisions.YUNNAN: "云南省"},
        "prefecture": {d.code: d.name for d in divisions.prefectures()},
        "county": {d.code: divisions.full_name(d.code) for d in divisions.counties()},
    }
    level = REGION_LEVEL[role]
    return choices[level] if level else choices["province"] | choices["prefecture"] | choices["county"]


def _ask(account: Account | None, *, key: str) -> Entered:
    """The fields, empty or filled. No form: the choice of regions follows the role at once."""
    left, right = st.columns(2)
    display = left.text_input("姓名 *", account.display if account else "", key=f"{key}-display", max_chars=60)
    if account is None:
        name = right.text_input(
            "登录名 *",
            key=f"{key}-name",
            max_chars=40,
            placeholder="字母、数字或汉字，添加后不能更改",
            autocomplete="off",
        )
    else:
        name = account.name
        right.text_input("登录名", name, key=f"{key}-name", disabled=True)
    unit = st.text_input("单位", account.unit if account else "", key=f"{key}-unit", max_chars=60)
    left, right = st.columns(2)
    roles = list(Role)
    role = left.selectbox(
        "角色 *",
        roles,
        roles.index(account.role) if account else 0,
        key=f"{key}-role",
        format_func=str,
        filter_mode=None,
    )
    regions = regions_for(role)
    fits = account is not None and account.region in regions
    codes = list(regions)
    region = right.selectbox(
        REGION_LABELS[REGION_LEVEL[role]],
        codes,
        codes.index(account.region) if account and fits else 0 if len(codes) == 1 else None,
        # Another role is another question: what was chosen for the first must not be carried over.
        key=f"{key}-region-{role.name}",
        format_func=regions.__getitem__,
        placeholder="选择…",
    )
    return Entered(name, display, unit, role, region or "")


# ── One account ──────────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("账号详情", width="medium", position="right", on_dismiss=_closed)
def _open_account(wanted: str) -> None:
    who = context.actor()
    try:
        with context.look() as connection:
            who.require("account.view", kind="account", target=wanted[:40])
            number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
            account = accounts.get(connection, number)
    except MonitorsError as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return
    st.html(_summary(account))
    _say_secret(account)
    if who.may("account.manage"):
        _actions(account, own=who.account_id == account.id)
        edit, last = st.tabs(["修改", "最近操作"])
        with edit:
            _edit(account)
        with last:
            _last_acts(account)
    else:
        _last_acts(account)


def _summary(account: Account) -> Html:
    now = utc_now()
    facts = (
        ("登录名", account.name),
        ("状态", people_accounts.state_words(account, now)),
        ("角色", str(account.role)),
        ("辖区", people_accounts.region_words(account.region)),
        ("单位", account.unit or "—"),
        ("来历", people_accounts.ORIGINS.get(account.origin, account.origin)),
        ("最近登录", stamp(account.signed_in_at) if account.signed_in_at else "从未登录"),
        ("添加时间", stamp(account.created_at)),
    )
    rows = [part for name, words in facts for part in (tag("dt", name), tag("dd", words))]
    return tag("div", tag("h3", account.display), tag("dl", *rows), class_="person")


def _say_secret(account: Account) -> None:
    number, password = st.session_state.get(_SECRET, (0, ""))
    if number != account.id:
        return
    st.html(
        tag(
            "div",
            tag("p", tag("b", "一次性密码（只在此处显示这一次）")),
            tag("code", password, title="点一下即全部选中"),
            tag(
                "p",
                "点一下密码即全部选中，按 Ctrl+C 复制，请当面或用安全的方式交给本人。本人登录后须立即改为自己的密码；"
                "关闭本栏后无法再次查看，遗失可重新重置。",
                class_="muted",
            ),
            class_="secret",
            role="status",
        )
    )


def _actions(account: Account, *, own: bool) -> None:
    waiting = account.locked_until is not None and account.locked_until > utc_now()
    reset = disabled = enabled = unlocked = False
    with st.container(horizontal=True):
        if account.origin == "local":
            with st.popover("重置密码", icon=":material/key:"):
                st.write("将生成新的一次性密码，原密码作废，该账号的全部登录立即结束。")
                reset = st.button("确认重置", type="primary", key="people-reset")
        if waiting:
            unlocked = st.button("解除锁定", icon=":material/lock_open:", key="people-unlock")
        if account.disabled:
            enabled = st.button("启用账号", icon=":material/check:", key="people-enable")
        elif not own:
            with st.popover("停用账号", icon=":material/block:"):
                st.write("停用后该账号不能登录，已有的登录立即结束；记录和留痕都保留，可随时重新启用。")
                disabled = st.button("确认停用", type="primary", key="people-disable")
    # Outside the row of buttons, so that what they say stands below it.
    if reset:
        _reset(account)
    elif disabled:
        _change(accounts.disable, account, f"已停用账号“{account.display}”")
    elif enabled:
        _change(accounts.enable, account, f"已启用账号“{account.display}”")
    elif unlocked:
        _change(accounts.unlock, account, f"已解除账号“{account.display}”的锁定")


def _change(function: Callable[..., Any], account: Account, note: str) -> None:
    who = context.actor()
    try:
        with context.act() as connection:
            function(connection, who, account.id, now=utc_now())
    except MonitorsError as error:
        complain(error)
        return
    rerun_with(note)


def _reset(account: Account) -> None:
    who = context.actor()
    try:
        with context.act() as connection:
            password = accounts.reset_password(connection, who, account.id, now=utc_now(), settings=context.settings())
    except MonitorsError as error:
        complain(error)
        return
    st.session_state[_SECRET] = (account.id, password)
    rerun_with(f"已重置“{account.display}”的密码")


def _edit(account: Account) -> None:
    key = f"people-edit-{account.id}-{account.revision}"
    said = st.container()
    entered = _ask(account, key=key)
    if not st.button("保存修改", type="primary", key=f"{key}-save"):
        return
    who = context.actor()
    try:
        with context.act() as connection:
            accounts.edit(
                connection,
                who,
                account.id,
                account.revision,
                display=entered.display,
                unit=entered.unit,
                role=entered.role,
                region=entered.region,
                now=utc_now(),
            )
    except ConflictError as error:
        said.warning(plain(str(error)), icon=":material/warning:")
        if said.button("载入最新内容", key=f"{key}-reload"):
            presses.again()
        return
    except MonitorsError as error:
        with said:
            complain(error)
        return
    rerun_with(f"已保存“{entered.display}”的修改")


def _last_acts(account: Account) -> None:
    """What this person did last, for those who may see the trail."""
    who = context.actor()
    if not who.may("audit.view"):
        return
    with context.look() as connection:
        found = trail.search(connection, who, trail.Filters(account=account.id), page=1, size=_LAST_ACTS)
    if not found.total:
        st.caption("还没有任何操作。")
        return
    body = [
        tag("tr", tag("td", f"{local(row.at):%Y-%m-%d %H:%M:%S}", class_="n"), tag("td", trail.sentence(row)))
        for row in found.rows
    ]
    more = (
        f"共 {found.total:,} 条，这里列出最近 {len(found.rows)} 条；全部见“审计记录”。"
        if found.total > len(found.rows)
        else ""
    )
    st.html(tag("div", tag("table", *body, class_="acts"), tag("p", more, class_="muted"), class_="person"))
