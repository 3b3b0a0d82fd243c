"""``python -m monitors train``: weights fitted with the office's own labels, or the shipped ones again."""

from __future__ import annotations

import argparse
import sys

from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.opinion import training, training_job
from monitors.settings import Settings
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--dry-run", action="store_true", help="只试算并报告，不启用")
    parser.add_argument("--shipped", action="store_true", help="恢复随程序发布的权重")
    parser.add_argument("--job", default="", metavar="TOKEN", help=argparse.SUPPRESS)  # what a page has asked for


def run(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    """0 when done; 1 when the checks refused the result, which is then not in force."""
    if arguments.job:
        return 0 if training_job.work(store, settings, arguments.job, now=utc_now()).state == "done" else 1
    if arguments.shipped:
        undone = training.use_shipped(store, console(), settings, now=utc_now())
        print("已恢复随程序发布的权重" if undone else "现用的就是随程序发布的权重", file=sys.stderr)
        return 0
    done = training.train(store, console(), settings, now=utc_now(), dry=arguments.dry_run)
    for line in done.lines:
        print(line)
    return 1 if done.refused else 0
