"""The doctor (体检, ``python -m monitors check``): what could keep the watch from its work, in words, with what to do.

Looks only: nothing is created, upgraded or repaired. A check that itself fails is a finding, never a trace.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from monitors import doctor_access, doctor_ledger
from monitors import settings as settings_module
from monitors.clock import SHANGHAI, stamp
from monitors.errors import SettingsError
from monitors.finding import Finding, State, guarded
from monitors.ledger import workdays
from monitors.opinion import heartbeat, rule_sets, sources, trained
from monitors.settings import ROOT, Settings
from monitors.store import schema
from monitors.store import tables as t
from monitors.store.engine import Store, address

PYTHON_FROM = (3, 11)
# Before this release was written no clock can be right.
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
FREE_WARN = 2_000_000_000  # bytes: some months of reports
FREE_FAIL = 200_000_000  # bytes: SQLite needs room for its log and a backup
WAL_WARN = 256_000_000  # bytes: twice the largest log measured under full load; checkpoints are being held back
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"})
_NAMED = 5
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def examine(
    *, now: datetime, environ: Mapping[str, str] = os.environ, requirements: Path = ROOT / "requirements.txt"
) -> list[Finding]:
    """Every check, in the order in which to mend what they find. Never raises."""
    findings = [
        *guarded("程序", lambda: _program(requirements)),
        *guarded("时钟", lambda: _clock(now)),
        *guarded("字体", _fonts),
        *guarded("放假日历", lambda: _holidays(now)),
    ]
    try:
        settings = settings_module.load(environ=environ)
    except SettingsError as error:
        findings.append(Finding("设置", "故障", str(error), "按提示修改后重新体检；其余项目需先读到设置"))
        return findings
    active = sum(not entry.paused for entry in settings.sources)
    findings.append(
        Finding("设置", "正常", f"{settings.path} 读取正常，配置监测源 {len(settings.sources)} 个（启用 {active} 个）")
    )
    findings += doctor_ledger.examine(settings, now)
    findings += guarded("数据目录", lambda: _folder(settings))
    findings += guarded("研判模型", lambda: [trained.examine(settings)])
    return findings + guarded("数据库", lambda: _database(settings, now, environ))


def _program(requirements: Path) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_FROM:
        yield Finding("程序", "故障", f"Python {version} 过旧", "请改用 Python 3.11 或更新的版本")
    pins = dict(_PIN.findall(requirements.read_text("utf-8")))
    absent, other = [], []
    for name, wanted in pins.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
            continue
        if found != wanted:
            other.append(f"{name} {found}（应为 {wanted}）")
    mend = "运行 ./run 重新安装，或 pip install -r requirements.txt"
    if absent:
        yield Finding("程序", "故障", f"缺少组件：{_few(absent)}", mend)
    if other:
        yield Finding("程序", "注意", f"组件版本与验证过的不同：{_few(other)}", mend)
    if not absent and not other:
        yield Finding("程序", "正常", f"Python {version}，{len(pins)} 个组件的版本与验证过的一致")


def _clock(now: datetime) -> Iterator[Finding]:
    if now < RELEASED:
        yield Finding(
            "时钟", "故障", f"系统时间 {stamp(now)} 早于本程序发布，时限与排序都会出错", "请校准服务器时间（NTP）"
        )
        return
    if datetime(2026, 1, 1, tzinfo=SHANGHAI).utcoffset() != timedelta(hours=8):
        yield Finding("时钟", "故障", "时区数据有误：Asia/Shanghai 不是东八区", "重新安装 tzdata")
        return
    yield Finding("时钟", "正常", f"现在是北京时间 {stamp(now)}")


def _fonts() -> Iterator[Finding]:
    where = "只影响在服务器上查看页面和生成图片，不影响值班电脑"
    program = shutil.which("fc-list")
    if program is None:
        yield Finding("字体", "注意", f"未安装 fontconfig，无法检查中文字体；{where}")
        return
    answer = subprocess.run(  # noqa: S603 - a fixed command of the system
        [program, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False
    )
    families = sorted({line.split(",")[0].strip() for line in answer.stdout.splitlines() if line.strip()})
    if families:
        yield Finding("字体", "正常", f"有中文字体：{_few(families)}")
    else:
        yield Finding("字体", "注意", f"没有中文字体；{where}", "安装 fonts-noto-cjk 或单位的字体")


def _holidays(now: datetime) -> Iterator[Finding]:
    """The operator's calendar can be read, and this year's official table is in it or in the program."""
    calendar, here = workdays.load(), now.astimezone(SHANGHAI)
    missing = [str(year) for year in (here.year, here.year + 1) if not calendar.known(year)]
    advice = f"通知公布后写入 {workdays.HOLIDAYS}，重新启动后生效"
    if not missing:
        yield Finding("放假日历", "正常", f"{here.year}、{here.year + 1} 年放假调休安排已录入")
    elif str(here.year) in missing or here.month == 12:  # next year's is announced in November as a rule
        yield Finding("放假日历", "注意", f"{'、'.join(missing)} 年放假调休安排尚未录入，工作日期限为推算", advice)
    else:
        yield Finding(
            "放假日历", "正常", f"{here.year} 年放假调休安排已录入；{missing[0]} 年的尚未公布，跨年期限为推算"
        )


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("数据目录", "注意", f"{folder} 尚不存在", "首次启动时会自动建立")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".check-") as probe:
            drift = abs(Path(probe.name).stat().st_mtime - datetime.now(UTC).timestamp())
    except OSError as error:
        yield Finding(
            "数据目录", "故障", f"{folder} 不能写入（{error.strerror}）", "检查属主与权限，须归运行本程序的账户"
        )
        return
    free = shutil.disk_usage(folder).free
    kind = _disk_kind(folder)
    if free < FREE_FAIL:
        yield Finding("数据目录", "故障", f"磁盘只剩 {_size(free)}，随时可能写满", "立即清理磁盘或扩容")
    elif free < FREE_WARN:
        yield Finding("数据目录", "注意", f"磁盘只剩 {_size(free)}", "尽快清理磁盘或扩容")
    if kind in _NETWORK_DISKS and settings.is_sqlite:
        yield Finding(
            "数据目录", "故障", f"{folder} 在网络磁盘（{kind}）上，数据库会损坏", "移到本机磁盘，或改用 PostgreSQL"
        )
    if folder.stat().st_mode & 0o007:
        yield Finding("数据目录", "注意", "同机的其他账户也能读取数据目录，内有举报内容", f"chmod 750 {folder}")
    if drift > 5:
        yield Finding("数据目录", "注意", f"磁盘的时间与系统相差 {drift:.0f} 秒", "检查网络磁盘或虚拟机的时间同步")
    yield Finding("数据目录", "正常", f"{folder} 可写，剩余 {_size(free)}")


def _disk_kind(folder: Path) -> str:
    """Type of the file system a folder lies on, ``""`` where the system does not say."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return ""
    above = [(len(m[1]), m[2]) for m in mounts if len(m) > 2 and folder.is_relative_to(m[1])]
    return max(above)[1] if above else ""


def _rules(store: Store) -> Iterator[Finding]:
    """The office's own rules in force can be read here."""
    with store.read() as connection:
        present, unread = rule_sets.in_force(connection), rule_sets.unread(connection)
    if unread:
        yield Finding("研判规则", "故障", unread, "请在“规则与词库—关键词规则”中改正，试验后重新保存")
    else:
        yield Finding("研判规则", "正常", f"使用第 {present.id} 版研判规则" if present.id else "使用出厂的研判规则")


def _database(settings: Settings, now: datetime, environ: Mapping[str, str]) -> Iterator[Finding]:
    url = address(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("数据库", "注意", "尚未建立", "首次启动时会自动建立")
        return
    store = Store(settings.database_url)
    try:
        found, wanted = schema.present(store), schema.head()
        if found != wanted:
            yield _revision(found, wanted)
            return
        yield from guarded("数据库", lambda: _integrity(store, now))
        yield from guarded("检索", lambda: _search_index(store))
        yield from doctor_access.examine(store, settings, now, environ)
        yield from guarded("值守", lambda: _watch(store, settings, now))
        yield from guarded("研判规则", lambda: _rules(store))
        yield from guarded("监测源", lambda: _sources(store, settings, now))
    finally:
        store.close()


def _revision(found: str | None, wanted: str) -> Finding:
    if found is None:
        return Finding("数据库", "注意", "是空库，还没有表", "首次启动时会自动建立")
    if found < wanted:
        return Finding("数据库", "注意", f"版本 {found}，程序需要 {wanted}", "先备份，再启动一次程序，会自动升级")
    return Finding("数据库", "故障", f"版本 {found} 比程序（{wanted}）新", "请升级程序")


def _integrity(store: Store, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        items = connection.scalar(select(func.count()).select_from(t.item)) or 0
        latest = connection.scalar(select(func.max(t.item.c.fetched_at)))
        if store.dialect == "sqlite":
            state = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
            offset = 0.0
        else:
            state = "ok"
            there: datetime = connection.execute(select(func.now())).scalar_one()
            offset = abs((there - datetime.now(UTC)).total_seconds())
    if state != "ok":
        yield Finding(
            "数据库", "故障", f"文件已损坏（{state}）", "停止服务，用最近的备份恢复：python -m monitors restore"
        )
        return
    if offset > 5:
        worse: State = "故障" if offset > 60 else "注意"
        yield Finding("数据库", worse, f"数据库服务器的时间与本机相差 {offset:.0f} 秒", "两台机器都启用时间同步（NTP）")
    if latest is not None and latest - now > timedelta(minutes=5):
        yield Finding(
            "数据库", "故障", f"库中最新报道的入库时间 {stamp(latest)} 在未来，系统时间可能被调回", "校准系统时间"
        )
    log = Path(f"{store.path}-wal")
    if store.path and log.exists() and log.stat().st_size > WAL_WARN:
        yield Finding("数据库", "注意", f"写前日志已有 {_size(log.stat().st_size)}，长时间未合并", "空闲时重启一次服务")
    size = f"，{_size(store.path.stat().st_size)}" if store.path else ""
    kind = "SQLite" if store.dialect == "sqlite" else "PostgreSQL"
    yield Finding("数据库", "正常", f"{kind}，版本 {schema.head()}，报道 {items} 篇{size}，检查无损坏")


def _search_index(store: Store) -> Iterator[Finding]:
    with store.read() as connection:
        items = connection.scalar(select(func.count()).select_from(t.item)) or 0
        indexed = connection.scalar(text("SELECT count(*) FROM item_fts")) or 0
    if indexed == items:
        yield Finding("检索", "正常", f"索引完整，{indexed} 篇")
    else:
        yield Finding("检索", "注意", f"报道 {items} 篇，索引 {indexed} 篇", "重启一次服务，会自动补齐")


def _watch(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        beat = heartbeat.pulse(connection, settings, now)
    if beat.state == "ok":
        yield Finding("值守", "正常", beat.words)
    elif beat.state == "never":
        yield Finding("值守", "注意", beat.words, "启动服务：./run，或 python -m monitors watch")
    else:
        yield Finding(
            "值守", "故障", beat.words, "重启服务：./run，或 python -m monitors watch；期间的报道恢复后会补抓"
        )


def _sources(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        rows = sources.list_sources(connection, demo=False)
    states = [(row.source.name, row.health(settings.watch, now)) for row in rows]
    counts = Counter(state.level for _, state in states)
    bad = [f"{name}（{state.words}）" for name, state in states if state.level == "bad"]
    active = len(states) - counts["off"]
    summary = (
        f"共 {len(states)} 个：正常 {counts['ok']}、注意 {counts['warn']}、故障 {counts['bad']}、停用 {counts['off']}"
    )
    if not states:
        yield Finding("监测源", "注意", "库中还没有监测源", "首次启动时会从 config.toml 载入")
    elif not active:
        yield Finding("监测源", "故障", f"{summary}；没有启用的监测源，什么也不会被发现", "在“监测源”页启用或添加")
    elif len(bad) == active:
        yield Finding("监测源", "故障", f"{summary}；全部失败，多半是本机断网或代理所致", "检查服务器能否访问外网")
    elif bad:
        yield Finding("监测源", "注意", f"{summary}；{_few(bad)}", "在“监测源”页查看原因并试抓")
    else:
        yield Finding("监测源", "正常", summary)


def _few(names: list[str]) -> str:
    return "、".join(names[:_NAMED]) + (f" 等 {len(names)} 个" if len(names) > _NAMED else "")


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
