"""``python -m monitors accounts …``: the operator's way to accounts, also when nobody can sign in any more.

JSON Lines out, sentences on stderr. What is done here stands in the audit trail under the console's name.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from monitors.access import accounts
from monitors.access.account_rows import Account, place
from monitors.access.acting import acting
from monitors.access.actor import console
from monitors.access.lockout import seconds_left
from monitors.access.roles import Role
from monitors.access.scope import PROVINCE
from monitors.clock import stamp, utc_now
from monitors.errors import InputError
from monitors.settings import Settings
from monitors.store.engine import Store

Action = Callable[[argparse.Namespace, Settings, Store], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="动作")
    adding = actions.add_parser("add", help="添加账号；初始密码须由本人首次登录时修改")
    adding.add_argument("name", help="登录名")
    adding.add_argument("--role", required=True, choices=[str(role) for role in Role], help="角色")
    adding.add_argument("--region", default=PROVINCE, help="辖区的六位行政区划代码（默认云南省 530000）")
    adding.add_argument("--display", default="", help="姓名（默认同登录名）")
    adding.add_argument("--unit", default="", help="单位")
    _add_password(adding)
    adding.set_defaults(action=_add)
    actions.add_parser("list", help="列出账号，每行一个 JSON").set_defaults(action=_list)
    passwd = actions.add_parser("passwd", help="重置密码，结束该账号的全部登录")
    passwd.add_argument("name", help="登录名")
    _add_password(passwd)
    passwd.set_defaults(action=_passwd)
    for word, help_text in (
        ("disable", "停用账号，结束其全部登录"),
        ("enable", "重新启用账号"),
        ("unlock", "解除密码错误后的等待"),
    ):
        action = actions.add_parser(word, help=help_text)
        action.add_argument("name", help="登录名")
        action.set_defaults(action=_switch, word=word)


def _add_password(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--generate", action="store_true", help="生成一次性密码并打印")
    way.add_argument("--password-stdin", action="store_true", help="从标准输入读取密码（第一行）")


def run(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Do the chosen action; 0 on success. Raises MonitorsError with the sentence to show."""
    action: Action = arguments.action
    return action(arguments, settings, store)


def _emit(row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False))


def _password(arguments: argparse.Namespace) -> str | None:
    """The password to set; None where one is to be made.

    Raises:
        InputError: there is no terminal to ask at, nothing came, or the two entries differ.
    """
    if arguments.generate:
        return None
    if arguments.password_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise InputError("标准输入中没有密码")
        return given
    if not sys.stdin.isatty():
        raise InputError("这里不是终端，请加 --generate（生成一次性密码）或 --password-stdin（从标准输入读取）")
    try:
        given = getpass.getpass("密码：")
        if given != getpass.getpass("再输一次："):
            raise InputError("两次输入的密码不一致")
    except EOFError:
        raise InputError("没有输入密码，未做任何修改") from None
    return given


def _add(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    given = _password(arguments)
    with acting(store, console()) as connection:
        account_id, first = accounts.add(
            connection,
            console(),
            name=arguments.name,
            display=arguments.display or arguments.name,
            role=Role(arguments.role),
            region=arguments.region,
            unit=arguments.unit,
            password=given,
            now=utc_now(),
            settings=settings,
        )
        account = accounts.get(connection, account_id)
    print(f"已添加账号 {account.name}（{place(account)} {account.role}），首次登录须修改密码", file=sys.stderr)
    if given is None:
        _emit({"name": account.name, "password": first})
    return 0


def _list(_arguments: argparse.Namespace, _settings: Settings, store: Store) -> int:
    now = utc_now()
    with store.read() as connection:
        found = accounts.list_accounts(connection, console())
    for account in found:
        _emit(
            {
                "name": account.name,
                "display": account.display,
                "unit": account.unit,
                "role": str(account.role),
                "region": account.region,
                "region_name": place(account),
                "state": _state(account, now),
                "origin": account.origin,
                "signed_in_at": account.signed_in_at.isoformat() if account.signed_in_at else None,
                "created_at": account.created_at.isoformat(),
            }
        )
    return 0


def _state(account: Account, now: datetime) -> str:
    if account.disabled:
        return "停用"
    if seconds_left(account.locked_until, now):
        return f"锁定至 {stamp(account.locked_until)}"
    return "须改密码" if account.must_change else "正常"


def _chosen(store: Store, name: str) -> Account:
    with store.read() as connection:
        account = accounts.by_name(connection, name)
    if account is None:
        raise InputError(f"没有登录名为 {name} 的账号，可用 accounts list 查看")
    return account


def _passwd(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    account = _chosen(store, arguments.name)
    given = _password(arguments)
    with acting(store, console()) as connection:
        first = accounts.reset_password(
            connection, console(), account.id, now=utc_now(), settings=settings, password=given
        )
    print(f"已重置账号 {account.name} 的密码，其登录已全部结束，下次登录须修改密码", file=sys.stderr)
    if given is None:
        _emit({"name": account.name, "password": first})
    return 0


def _switch(arguments: argparse.Namespace, _settings: Settings, store: Store) -> int:
    account = _chosen(store, arguments.name)
    act, done = {
        "disable": (accounts.disable, "已停用账号 {}，其登录已全部结束"),
        "enable": (accounts.enable, "已启用账号 {}"),
        "unlock": (accounts.unlock, "已解除账号 {} 的登录等待"),
    }[arguments.word]
    with acting(store, console()) as connection:
        act(connection, console(), account.id, now=utc_now())
    print(done.format(account.name), file=sys.stderr)
    return 0
