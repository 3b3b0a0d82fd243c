"""The doctor's part on people and trail (体检：密钥、审计、账号、登录、留存): looks only, mends nothing."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select

from monitors.access import backing, chain, keys, restricted
from monitors.access.roles import Role
from monitors.clock import stamp
from monitors.finding import Finding, guarded
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

SSO_SECRET = "MONITORS_SSO_SECRET"  # noqa: S105 - the variable's name
RETENTION = "retention"  # meta key: when the daily job last ran, and how much it removed
_NAMED = 5
_LATE = timedelta(hours=49)  # two runs missed
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})")


def examine(store: Store, settings: Settings, now: datetime, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every check of this part. Never raises."""
    key = guarded("密钥", lambda: _key(store))
    yield from key
    if any(finding.failed for finding in key):
        yield Finding("审计", "注意", "没有原来的密钥，审计链与受限信息无法校验", "放回密钥后重新体检")
    else:
        yield from guarded("审计", lambda: _trail(store, settings))
        yield from guarded("受限信息", lambda: _restricted(store))
    yield from guarded("账号", lambda: _accounts(store))
    yield from guarded("账号来历", lambda: _backing(store, now))
    yield from guarded("登录", lambda: _sign_in(settings, environ))
    yield from guarded("留存", lambda: _retention(store, settings, now))


def _key(store: Store) -> Iterator[Finding]:
    with store.read() as connection:
        mark = keys.recorded(connection)
    file = keys.file()
    if file and not file.exists():
        if mark is None:
            yield Finding("密钥", "注意", "尚未建立", "首次启动时会自动建立")
        else:
            yield Finding("密钥", "故障", f"密钥文件 {file} 不见了，程序不能启动", "放回建库时的密钥文件")
        return
    if not keys.fits(mark):
        yield Finding("密钥", "故障", f"{keys.location()} 与数据库不符，程序不能启动", "换回建库时的密钥")
        return
    if file and file.stat().st_mode & 0o077:
        yield Finding("密钥", "注意", f"同机的其他账户也能读取密钥文件 {file}", f"chmod 600 {file}")
        return
    where = f"{file}，仅本账户可读" if file else keys.location()
    yield Finding("密钥", "正常", f"{where}；备份中没有密钥，须另行保管一份")


def _trail(store: Store, settings: Settings) -> Iterator[Finding]:
    began = time.monotonic()
    with store.read() as connection:
        verdict = chain.verify(connection, settings.data_dir / chain.ANCHORS)
    words = f"{verdict.words}（用时 {time.monotonic() - began:.1f} 秒）"
    if verdict.ok:
        yield Finding("审计", "正常", words)
    else:
        yield Finding("审计", "故障", words, "立即报告负责人；不要清理或重启，先备份现有数据库和数据目录")


def _restricted(store: Store) -> Iterator[Finding]:
    with store.read() as connection:
        count = restricted.probe(connection)
    yield Finding("受限信息", "正常", f"{count} 起事件登记有受限信息，试解密正常" if count else "尚无登记")


def _accounts(store: Store) -> Iterator[Finding]:
    enabled = t.account.c.disabled.is_(False)
    with store.read() as connection:
        counted = select(t.account.c.role, func.count()).where(enabled).group_by(t.account.c.role)
        roles = {str(role): int(count) for role, count in connection.execute(counted).all()}
        total = connection.scalar(select(func.count()).select_from(t.account)) or 0
    if not total:
        yield Finding("账号", "注意", "还没有账号", "启动服务，用控制台给出的一次性链接设置管理员")
        return
    summary = f"共 {total} 个，启用 {sum(roles.values())} 个"
    administrators = roles.get(str(Role.ADMINISTRATOR), 0)
    if not administrators:
        advice = f"python -m monitors accounts add 添加一个{Role.ADMINISTRATOR}，或 accounts enable 启用原有的"
        yield Finding("账号", "故障", f"{summary}；没有启用的{Role.ADMINISTRATOR}，无人能管理账号", advice)
    else:
        yield Finding("账号", "正常", f"{summary}，其中{Role.ADMINISTRATOR} {administrators} 个")


def _backing(store: Store, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        found = backing.unbacked(connection, now)
    if found:
        words = "；".join(found[:_NAMED]) + (f"；等 {len(found)} 处" if len(found) > _NAMED else "")
        advice = "可能有人绕过系统直接改了数据库：先备份保留现场，停用可疑账号、结束其登录，并报告负责人"
        yield Finding("账号来历", "故障", words, advice)


def _sign_in(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    sso = settings.sso
    faults = []
    if sso.enabled and not environ.get(SSO_SECRET, ""):
        faults.append(Finding("登录", "故障", f"已启用单点登录，但未设置 {SSO_SECRET}", "在服务的环境变量中设置"))
    if sso.enabled and sso.issuer.startswith("http://") and not _on_this_machine(urlsplit(sso.issuer).hostname or ""):
        faults.append(
            Finding("登录", "注意", "单点登录的 issuer 用的是 http，口令与身份会被窃听或冒充", "改用 https 地址")
        )
    if not settings.session.https_only and not _on_this_machine(settings.address):
        advice = "由 nginx 提供 HTTPS，并设 [session] https_only = true"
        words = f"页面对外提供（{settings.address}）而未限定 HTTPS，登录凭据会以明文经过网络"
        faults.append(Finding("登录", "注意", words, advice))
    yield from faults
    if not faults:
        ways = "本系统账号" + ("和单点登录" if sso.enabled else "")
        yield Finding("登录", "正常", f"{ways}；{'仅限 HTTPS' if settings.session.https_only else '只在本机地址提供'}")


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _retention(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == RETENTION))
    found = _MOMENT.search(held or "")
    if found is None:
        yield Finding(
            "留存", "注意", "清理过期数据的任务还没有运行过", f"值守运行后每天 {settings.retention.hour} 时自动进行"
        )
        return
    at = datetime.fromisoformat(found[0])
    if now - at > _LATE:
        yield Finding("留存", "注意", f"清理过期数据的任务自 {stamp(at)} 起没有运行", "检查值守是否在运行，并查看日志")
    else:
        yield Finding("留存", "正常", f"最近一次清理过期数据在 {stamp(at)}")
