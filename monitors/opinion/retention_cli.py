"""``python -m monitors retention``: remove at once what is over its period, or say what would go (按保存期限清理)."""

from __future__ import annotations

import argparse
import sys

from monitors.clock import utc_now
from monitors.opinion import retention
from monitors.settings import Settings
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="只统计将被清理的数据，不做改动")


def run(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Run the job; returns the exit code."""
    report = retention.run(store, settings, now=utc_now(), dry=arguments.dry_run)
    print(report.words, file=sys.stderr)
    return 0
