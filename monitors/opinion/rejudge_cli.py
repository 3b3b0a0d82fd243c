"""``python -m monitors rejudge``: judge the archive again, or say what that would change (重新研判存量报道)."""

from __future__ import annotations

import argparse
import sys

from monitors.access.acting import acting, looking
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.opinion import rejudge, rejudge_job, rule_judge
from monitors.opinion.judge import Judge
from monitors.settings import Settings
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="只试算结果会有哪些变化，不做改动")


def run(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Run the job to its end, a paused or broken-off one from where it stopped; returns the exit code."""
    actor = console()
    with looking(store, actor) as connection:
        judge = rule_judge.present(connection, settings)
    if arguments.dry_run:
        return _try(store, judge, settings)
    with acting(store, actor) as connection:
        job = rejudge_job.read(connection)
        if job is None or not job.open:
            rejudge_job.ask(connection, actor, now=utc_now())
        elif job.state == "paused":
            rejudge_job.resume(connection, actor, now=utc_now())
    worker = rejudge.Worker(store, settings)
    try:
        for job in rejudge.run(worker, judge):
            _say(job.done, job.total)
    except KeyboardInterrupt:
        with acting(store, actor) as connection:
            rejudge_job.pause(connection, actor, now=utc_now())
        print("\n已暂停，再次运行本命令即从此处继续", file=sys.stderr)
        return 130
    with looking(store, actor) as connection:
        ended = rejudge_job.read(connection)
    if ended is None or ended.state == "running":
        print("另一进程正在重新研判，进度见“规则与词库”页面", file=sys.stderr)
        return 1
    name = rejudge_job.STATE_NAMES[ended.state]
    print(f"\n重新研判{name}：{ended.done} 篇，{ended.counts.words}", file=sys.stderr)
    return 0 if ended.state == "done" else 1


def _try(store: Store, judge: Judge, settings: Settings) -> int:
    done, counts = 0, rejudge_job.Counts()
    for done, total, counts in rejudge.survey(store, judge, settings):  # noqa: B007 - the last ones are wanted
        _say(done, total)
    print(f"\n试算 {done} 篇（现行版本 {judge.version}）：{counts.words}；未做改动", file=sys.stderr)
    return 0


def _say(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r已研判 {done} / {total} 篇", end="", file=sys.stderr)
