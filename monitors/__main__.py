"""The command line: ``python -m monitors …``. JSON Lines in and out, errors on stderr, exit code ≠ 0 on failure."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from monitors import settings as settings_module
from monitors.clock import utc_now
from monitors.errors import InputError, MonitorsError, reason
from monitors.settings import Settings

if TYPE_CHECKING:  # the database is a quarter of a second to import, and parse and judge need none
    from sqlalchemy import Connection

    from monitors.store.backup import Manifest
    from monitors.store.engine import Store

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    arguments = build_parser(words[0] if words else "").parse_args(words)
    command: Command = arguments.command
    try:
        return command(arguments)
    except MonitorsError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error worth a trace.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - a fault of ours: the whole trace, but no password that stands in it
        from monitors.logs import redact  # noqa: PLC0415

        print(redact(traceback.format_exc()), file=sys.stderr)
        return 1


def build_parser(chosen: str = "") -> argparse.ArgumentParser:
    """Every command with its arguments; rooms with many arguments declare their own.

    The rooms of other commands than the one ``chosen`` are not asked, since that would import them: half a second.
    """
    parser = argparse.ArgumentParser(prog="python -m monitors", description="治欠薪台账与舆情值守")
    commands = parser.add_subparsers(required=True, metavar="命令")

    watch = commands.add_parser("watch", help="运行监测：抓取到期的监测源，研判并开警情")
    watch.add_argument("--once", action="store_true", help="所有未暂停的监测源各抓取一次后结束")
    watch.add_argument("--child", action="store_true", help="标准输入关闭时结束（由页面服务启动时使用）")
    watch.set_defaults(command=_watch)

    judge = commands.add_parser(
        "judge", help="逐行研判 JSON Lines：{id?,title,text?,url?,source?,source_region?,published?}"
    )
    judge.add_argument("file", nargs="?", default="-")
    judge.set_defaults(command=_judge)

    parse = commands.add_parser("parse", help="解析一个文件，每条输出一行")
    parse.add_argument("file")
    parse.add_argument("--kind", choices=("feed", "page", "json"), required=True)
    parse.add_argument("--source", default="", help="用该监测源的解析规则")
    parse.add_argument("--url", default="")
    parse.add_argument("--content-type", default="")
    parse.set_defaults(command=_parse)

    _add_groupings(commands, chosen)

    alerts = commands.add_parser("alerts", help="警情：导出清单")
    if chosen == "alerts":
        from monitors.opinion import export_cli  # noqa: PLC0415 - see above

        export = alerts.add_subparsers(required=True, metavar="动作").add_parser("export", help="导出警情清单")
        export_cli.add_arguments(export)
        export.set_defaults(command=_with_store(export_cli.run))

    sources = commands.add_parser("sources", help="监测源：列出、试抓、导入导出 OPML")
    if chosen == "sources":
        from monitors.opinion import sources_cli  # noqa: PLC0415 - see above

        sources_cli.add_arguments(sources)
        sources.set_defaults(command=_with_store(sources_cli.run))

    demo = commands.add_parser("demo", help="演示数据").add_subparsers(required=True, metavar="动作")
    demo.add_parser("load", help="载入约 40 天的演示报道和一年的演示台账").set_defaults(command=_with_store(_demo_load))
    demo.add_parser("clear", help="清除演示数据").set_defaults(command=_with_store(_demo_clear))

    accounts = commands.add_parser("accounts", help="账号：添加、列出、停用、启用、重置密码、解除等待")
    if chosen == "accounts":
        from monitors.access import accounts_cli  # noqa: PLC0415 - see above

        accounts_cli.add_arguments(accounts)
        accounts.set_defaults(command=_with_store(accounts_cli.run))

    ledger = commands.add_parser("ledger", help="欠薪台账：写出模板、导入、导出工作簿")
    if chosen == "ledger":
        from monitors.ledger import ledger_cli  # noqa: PLC0415 - see above

        ledger_cli.add_arguments(ledger)
        ledger.set_defaults(command=_with_store(ledger_cli.run))

    form = commands.add_parser("form", help="专项行动情况表（附件2）：导出 Excel、PDF 或 JSON")
    if chosen == "form":
        from monitors.ledger import form_cli  # noqa: PLC0415 - see above

        form_cli.add_arguments(form)
        form.set_defaults(command=_with_store(form_cli.run))

    _add_care(commands, chosen)
    return parser


def _add_groupings(commands: argparse._SubParsersAction[argparse.ArgumentParser], chosen: str) -> None:
    """What groups somebody else's lines and needs no database."""
    cluster = commands.add_parser(
        "cluster", help="把 JSON Lines 归并为事件：{id,title,text?,source?,published?} → {id,story}"
    )
    cluster.add_argument("file", nargs="?", default="-")
    cluster.set_defaults(command=_cluster)

    hotspots = commands.add_parser("hotspots", help="聚集扫描：region,date,cases[,population] 的 CSV → JSON 数组")
    if chosen == "hotspots":
        from monitors.hotspots import hotspots_cli  # noqa: PLC0415 - see above

        hotspots_cli.add_arguments(hotspots)
        hotspots.set_defaults(command=lambda arguments: hotspots_cli.run(arguments, settings_module.current()))


def _add_care(commands: argparse._SubParsersAction[argparse.ArgumentParser], chosen: str) -> None:
    """What keeps the data safe, lean and sound."""
    backup = commands.add_parser("backup", help="备份数据库到一个文件（运行中也可以）")
    backup.add_argument("file", type=Path)
    backup.set_defaults(command=_with_store(_backup))

    restore = commands.add_parser("restore", help="用备份文件恢复数据库")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="监测正在运行也恢复")
    restore.set_defaults(command=_restore)

    check = commands.add_parser("check", help="体检：设置、数据库、监测源、时钟、字体")
    check.add_argument("--json", action="store_true")
    check.set_defaults(command=_check)

    retention = commands.add_parser("retention", help="清理超过保存期限的数据（值守每天自动进行）")
    if chosen == "retention":
        from monitors.opinion import retention_cli  # noqa: PLC0415 - see above

        retention_cli.add_arguments(retention)
        retention.set_defaults(command=_with_store(retention_cli.run))

    train = commands.add_parser("train", help="训练：用本单位的“相关/不相关”标注调整研判权重")
    if chosen == "train":
        from monitors.opinion import training_cli  # noqa: PLC0415 - see above

        training_cli.add_arguments(train)
        train.set_defaults(command=_with_store(training_cli.run))

    rejudge = commands.add_parser("rejudge", help="用现行模型重新研判存量报道")
    if chosen == "rejudge":
        from monitors.opinion import rejudge_cli  # noqa: PLC0415 - see above

        rejudge_cli.add_arguments(rejudge)
        rejudge.set_defaults(command=_with_store(rejudge_cli.run))


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store of these settings, brought to the present schema."""
    from monitors.opening import open_store  # noqa: PLC0415 - Alembic takes a third of a second to import

    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def _with_store(work: Callable[[argparse.Namespace, Settings, Store], int]) -> Command:
    def command(arguments: argparse.Namespace) -> int:
        settings = settings_module.current()
        with opened(settings) as store:
            return work(arguments, settings, store)

    return command


def _emit(row: dict[str, Any], stream: TextIO | None = None) -> None:
    print(json.dumps(row, ensure_ascii=False), file=stream or sys.stdout)


def read_json_lines(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSON Lines file (``-`` for standard input) with their line numbers; blank lines are skipped.

    Raises:
        InputError: the file cannot be read, or a line is not a JSON object; names file and line.
    """
    try:
        stream = sys.stdin if name == "-" else Path(name).open(encoding="utf-8-sig")  # noqa: SIM115 - closed below
        with stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise InputError(f"{name} 第 {number} 行不是有效的 JSON：{error}") from error
                if not isinstance(row, dict):
                    raise InputError(f"{name} 第 {number} 行应为 JSON 对象")
                yield number, row
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"无法读取 {name}：{_why(error)}") from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return reason(error) if isinstance(error, OSError) else "不是 UTF-8 编码的文本"


def _published(row: dict[str, Any], name: str, number: int, now: datetime) -> datetime | None:
    """The row's time; None, with a word on stderr, where it cannot be believed: one odd date must not stop a file."""
    from monitors.opinion.dates import read_date  # noqa: PLC0415

    value = row.get("published")
    if value in (None, ""):
        return None
    found = read_date(str(value), now)
    if found.at is None:
        print(f"{name} 第 {number} 行 published 按未知处理（{found.note}）：{value!r}", file=sys.stderr)
    return found.at


def _judge(arguments: argparse.Namespace) -> int:
    from monitors.opinion.judge import Judge, Report, as_json  # noqa: PLC0415

    judge = Judge(settings_module.current())
    now = utc_now()
    batch: list[tuple[Any, Report]] = []

    def flush() -> None:
        for (identity, _), judgement in zip(batch, judge.judge_many([r for _, r in batch]), strict=True):
            _emit({"id": identity} | as_json(judgement))
        batch.clear()

    for number, row in read_json_lines(arguments.file):
        if not isinstance(row.get("title", ""), str) or not isinstance(row.get("text") or "", str):
            raise InputError(f"{arguments.file} 第 {number} 行 title 和 text 应为文字")
        report = Report(
            title=row.get("title") or "",
            text=row.get("text") or "",
            published=_published(row, arguments.file, number, now) or now,
            source_region=str(row.get("source_region") or ""),
            outlet_national=False,
            now=now,
        )
        batch.append((row.get("id", number), report))
        if len(batch) >= 256:
            flush()
    flush()
    return 0


def _parse(arguments: argparse.Namespace) -> int:
    from monitors.opinion.model import Recipe  # noqa: PLC0415
    from monitors.opinion.parse_pool import ParserPool  # noqa: PLC0415

    settings = settings_module.current()
    recipe, url, kind = Recipe(), arguments.url, arguments.kind
    if arguments.source:
        known = {entry.id: entry.source() for entry in settings.sources}
        if arguments.source not in known:
            raise InputError(f"config.toml 中没有监测源 {arguments.source}")
        recipe, url = known[arguments.source].recipe, url or known[arguments.source].url
    try:
        body = Path(arguments.file).read_bytes()
    except OSError as error:
        raise InputError(f"无法读取 {arguments.file}：{_why(error)}") from error
    if len(body) > settings.fetch.max_body_bytes:
        raise InputError(f"{arguments.file} 超过 {settings.fetch.max_body_bytes // 1_048_576} MiB 上限，未解析")

    async def work() -> None:
        # In the killable child, as the watch does: a hostile file ends in bounded time and memory here too.
        pool = ParserPool(settings.parse)
        try:
            parsed = await pool.parse(
                body, kind=kind, url=url, content_type=arguments.content_type, recipe=recipe, now=utc_now()
            )
        finally:
            pool.close()
        for entry in parsed.entries:
            published = entry.published.isoformat() if entry.published else None
            _emit(
                {"guid": entry.guid, "title": entry.title, "url": entry.url, "text": entry.text, "published": published}
            )
        for rejected in parsed.rejected:
            print(f"搁置：{rejected.reason}：{rejected.excerpt[:80]}", file=sys.stderr)

    asyncio.run(work())
    return 0


def _cluster(arguments: argparse.Namespace) -> int:
    from monitors.opinion import stories  # noqa: PLC0415

    settings = settings_module.current()
    # Grouping asks how far apart reports are, not whether a date has come yet.
    ages_hence = utc_now() + timedelta(days=36_500)
    identities: list[Any] = []
    members: list[stories.Member] = []
    for number, row in read_json_lines(arguments.file):
        title, text = row.get("title") or "", row.get("text") or ""
        if not isinstance(title, str) or not isinstance(text, str):
            raise InputError(f"{arguments.file} 第 {number} 行 title 和 text 应为文字")
        identities.append(row.get("id", number))
        published = _published(row, arguments.file, number, ages_hence)
        members.append(stories.member(id=len(members), title=title, text=text, published=published))
    found = stories.cluster(members, settings.story)
    for index, identity in enumerate(identities):
        _emit({"id": identity, "story": found[index]})
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    from monitors import logs  # noqa: PLC0415
    from monitors.hotspots.duty import Duty as Scans  # noqa: PLC0415
    from monitors.ledger import daily, workdays  # noqa: PLC0415
    from monitors.notify.duty import Duty  # noqa: PLC0415
    from monitors.opening import prepare  # noqa: PLC0415
    from monitors.opinion.watch import Watch  # noqa: PLC0415

    logs.configure()
    settings = settings_module.current()
    workdays.load()  # a wrong day in the calendar is named now, not at the first limit it would falsify
    with opened(settings) as store:
        prepare(store, settings, utc_now())
        watch = Watch(
            settings,
            store,
            daily=lambda now: daily.when_due(store, settings, now),
            notify=lambda: _side_by_side(Duty(store, settings).run(), Scans(store, settings).run()),
        )
        if arguments.once:
            done = asyncio.run(watch.run_once())
            Scans(store, settings).once()  # before people are told of what was found
            asyncio.run(Duty(store, settings).once())
            for outcome in done.outcomes:
                _emit(
                    {
                        "source": outcome.source_id,
                        "outcome": outcome.kind,
                        "note": outcome.note,
                        "new": outcome.new,
                        "alerts_opened": len(outcome.opened),
                    }
                )
            return 1 if done.outcomes and done.failed == len(done.outcomes) else 0
        asyncio.run(_watch_until_told(watch, child=arguments.child))
    return 0


async def _side_by_side(*duties: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for one in duties:
            group.create_task(one)


async def _watch_until_told(watch: Any, *, child: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if child:

        def wait_for_parent() -> None:
            # The bare descriptor: a thread inside sys.stdin would hold its lock and abort the interpreter at exit.
            while os.read(0, 4096):
                pass  # ends when the parent closes the pipe or dies, however it dies
            with suppress(RuntimeError):  # the loop has ended meanwhile, as it should
                loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=wait_for_parent, daemon=True, name="parent").start()
    await watch.run(stop)


def _demo_load(_arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from monitors import demo  # noqa: PLC0415
    from monitors.access.actor import console  # noqa: PLC0415

    print(demo.load(store, console(), settings, now=utc_now()).words, file=sys.stderr)
    return 0


def _demo_clear(_arguments: argparse.Namespace, _settings: Settings, store: Store) -> int:
    from monitors import demo  # noqa: PLC0415
    from monitors.access.actor import console  # noqa: PLC0415

    print(demo.clear(store, console()).words, file=sys.stderr)
    return 0


def _backup(arguments: argparse.Namespace, _settings: Settings, store: Store) -> int:
    from monitors.access import audit  # noqa: PLC0415
    from monitors.access.actor import console  # noqa: PLC0415
    from monitors.store.backup import backup  # noqa: PLC0415

    now = utc_now()
    made = backup(store, arguments.file, now=now)
    print(made.words, file=sys.stderr)
    with store.write() as connection:
        audit.append(connection, console(), "backup.make", at=now, kind="backup", target=made.path.name[-80:])
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from monitors.access import chain, recovery  # noqa: PLC0415
    from monitors.store.restore import restore  # noqa: PLC0415

    settings, now, file = settings_module.current(), utc_now(), arguments.file

    def admit(connection: Connection, manifest: Manifest) -> None:
        recovery.admit(connection, settings, file=file, made_at=manifest.created_at, now=now)

    print(restore(settings, file, now=now, admit=admit, force=arguments.force).words, file=sys.stderr)
    with opened(settings) as store:
        chain.anchor(store, settings, now)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from monitors.doctor import examine  # noqa: PLC0415

    findings = examine(now=utc_now())
    for finding in findings:
        if arguments.json:
            _emit(finding.as_json())
        else:
            print(finding.line)
    return 1 if any(finding.failed for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
