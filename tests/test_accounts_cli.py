"""Accounts at the console: what an operator types, what is printed, what stays unsaid."""

from __future__ import annotations

import io
import json

import pytest

from monitors import settings as settings_module
from monitors.__main__ import main
from monitors.access import signing
from monitors.access.signing import SignInFailed
from monitors.clock import utc_now
from monitors.store.engine import Store
from tests.access_house import FROM, GOOD, everything_written, quick_hashing, trail
from tests.test_watch import write_config


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """``run("list")`` → (exit code, rows on stdout, text on stderr), in a house of its own."""
    quick_hashing(monkeypatch)
    environ = write_config(tmp_path, "")
    for name in ("MONITORS_CONFIG", "MONITORS_DATA", "MONITORS_MODELS", "DATABASE_URL"):
        monkeypatch.setenv(name, environ[name])
    settings_module.current.cache_clear()

    def command(*arguments: str, stdin: io.StringIO | None = None):
        monkeypatch.setattr("sys.stdin", stdin or io.StringIO())
        code = main(["accounts", *arguments])
        said = capsys.readouterr()
        return code, [json.loads(line) for line in said.out.splitlines()], said.err.strip()

    yield command
    settings_module.current.cache_clear()


@pytest.fixture
def held(run):
    """The database the commands wrote, for looking afterwards."""
    store = Store(settings_module.current().database_url)
    yield store
    store.close()


def sign_in(store, name, password):
    return signing.sign_in(store, name, password, settings=settings_module.current(), now=utc_now(), **FROM)


ADD = ("add", "Li.4", "--role", "县级经办", "--region", "530102", "--display", "李四", "--unit", "五华区人社局")


def test_a_generated_password_is_printed_once_and_signs_in(run, held):
    code, (row,), err = run(*ADD, "--generate")
    assert code == 0
    assert err == "已添加账号 li.4（昆明市五华区 县级经办），首次登录须修改密码"
    assert row["name"] == "li.4"
    assert sign_in(held, "li.4", row["password"])[1] is True
    assert row["password"] not in everything_written(held)
    first = trail(held)[0]
    assert first["actor"].startswith("控制台:")
    assert (first["address"], first["action"]) == ("命令行", "account.manage")


def test_a_password_from_standard_input_or_the_keyboard_is_not_printed(run, held, monkeypatch):
    code, rows, _ = run(*ADD, "--password-stdin", stdin=io.StringIO(f"{GOOD}\nmore\n"))
    assert (code, rows) == (0, [])
    assert sign_in(held, "li.4", GOOD)
    typed = iter(["Xin-De-Mima-88", "Xin-De-Mima-88"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    code, rows, err = run("passwd", "LI.4", stdin=Terminal())
    assert (code, rows) == (0, [])
    assert err == "已重置账号 li.4 的密码，其登录已全部结束，下次登录须修改密码"
    assert sign_in(held, "li.4", "Xin-De-Mima-88")[1] is True
    with pytest.raises(SignInFailed):
        sign_in(held, "li.4", GOOD)


def test_two_different_entries_or_none_change_nothing(run, monkeypatch):
    typed = iter([GOOD, "Xin-De-Mima-88"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    assert run(*ADD, stdin=Terminal()) == (1, [], "两次输入的密码不一致")

    def gone(_prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", gone)
    assert run(*ADD, stdin=Terminal()) == (1, [], "没有输入密码，未做任何修改")
    assert run("list") == (0, [], "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*ADD,), "这里不是终端，请加 --generate（生成一次性密码）或 --password-stdin（从标准输入读取）"),
        ((*ADD, "--password-stdin"), "标准输入中没有密码"),
        (("add", "li", "--role", "县级经办", "--generate"), "县级经办须选择一个县（市、区）"),
        (("add", "l i", "--role", "值班员", "--generate"), "登录名须为 2–40 个字符"),
        (("disable", "nobody"), "没有登录名为 nobody 的账号，可用 accounts list 查看"),
        (("passwd", "nobody", "--generate"), "没有登录名为 nobody 的账号"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(run, arguments, says):
    code, rows, err = run(*arguments)
    assert (code, rows) == (1, [])
    assert err.startswith(says)
    assert "Traceback" not in err


def test_disable_enable_unlock_and_list(run, held):
    assert run("add", "chief", "--role", "省级管理员", "--generate")[0] == 0
    assert run("disable", "chief")[:2] == (1, [])
    assert "最后一名启用的省级管理员" in run("disable", "chief")[2]
    _, ((row),), _ = run(*ADD, "--generate")
    assert run("disable", "li.4")[0] == 0
    _, rows, _ = run("list")
    assert [(one["name"], one["state"], one["region_name"]) for one in rows] == [
        ("chief", "须改密码", "云南省"),
        ("li.4", "停用", "昆明市五华区"),
    ]
    assert run("enable", "li.4")[2] == "已启用账号 li.4"
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in(held, "li.4", "Cuo-Wu-Mima-1")
    assert run("list")[1][1]["state"].startswith("锁定至 ")
    assert run("unlock", "li.4")[2] == "已解除账号 li.4 的登录等待"
    assert sign_in(held, "li.4", row["password"])
    _, rows, _ = run("list")
    assert rows[1]["signed_in_at"]
    assert "argon2" not in json.dumps(rows)
