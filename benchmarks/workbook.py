"""A ledger of 20,000 rows in, in one run beside pandas reading the same file: ``python benchmarks/workbook.py [rows]``.

Prints the seconds of each step: the child's reading, the preview (against an empty ledger and one that holds all of
it), the import, the import of the same rows once every case of them differs, and for how long others could not write;
and how long pandas.read_excel with openpyxl takes for the cells alone. ``DATABASE_URL`` names an empty database
elsewhere than in a file of SQLite.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("MONITORS_KEY", base64.b64encode(b"benchmark only".ljust(32, b".")).decode())

from monitors import settings as settings_module
from monitors.access.actor import console
from monitors.ledger import workbook_cells, workbook_import, workbook_plan
from monitors.ledger.workbook_columns import COLUMNS
from monitors.regions import divisions
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def ledger(rows: int, **more: Any) -> bytes:
    """``rows`` invented cases over all counties, most columns filled, every second one paid; ``more`` holds for all."""
    stream, counties = io.BytesIO(), divisions.counties()
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        page = book.add_worksheet("欠薪台账")
        page.write_row(0, 0, [column.heading for column in COLUMNS])
        for number in range(rows):
            values = _row(number, counties[number % len(counties)]) | more
            for place, column in enumerate(COLUMNS):
                if (value := values.get(column.key)) is not None:
                    page.write(number + 1, place, value)
    return stream.getvalue()


def _row(number: int, county: divisions.Division) -> dict[str, Any]:
    above = divisions.by_code(county.parent)
    paid = {"paid_workers": 10, "paid_fen": 100_000, "paid_on": "2026-11-20"} if number % 2 else {}
    return paid | {
        "employer": f"滇示第{number % 8_000}建设有限公司", "class_": "建筑企业", "project": f"示例工程{number}标段",
        "prefecture": above.name if above else "", "county": county.name, "industry": "住建", "gov": "是", "ppp": "否",
        "soe": "否", "developer": "示例建设单位", "contractor": f"滇示总包{number % 500}公司", "channel": "来访",
        "accepted_on": "2026-11-01", "claimed_workers": 12, "claimed_migrants": 10, "claimed_fen": 120_000,
        "verified_workers": 10, "verified_migrants": 8, "verified_fen": 100_000, "verified_migrant_fen": 80_000,
        "verified_on": "2026-11-10", "period_from": "2026年3月", "period_to": "2026年9月", "plan": "约谈企业",
        "unit": "示例县人社局", "person": "示例人员", "due": "2026-12-20", "state": "查实", "summary": f"第{number}行",
    }  # fmt: skip


def main() -> None:
    """Make the file, read it either way, preview, import, preview again."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    settings, actor = settings_module.load(environ={}), console()
    body = ledger(rows)
    print(f"{rows} rows, {len(body) / 1e6:.1f} MB")
    started = time.perf_counter()
    frame = pd.read_excel(io.BytesIO(body), engine="openpyxl")
    beside = time.perf_counter() - started
    print(f"pandas.read_excel (openpyxl), cells alone   {beside:7.2f} s   {len(frame)} rows")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/bench.db")
        upgrade(store)
        started = time.perf_counter()
        book = workbook_cells.read(body, "台账.xlsx", settings.ledger)
        read = time.perf_counter() - started
        print(f"cells in the limited child                  {read:7.2f} s   {beside / read:.1f} times faster")
        for name in ("empty ledger", "ledger that holds them"):
            started = time.perf_counter()
            with store.read() as connection:
                plan = workbook_plan.plan(connection, actor.scope, book, settings=settings, now=NOW)
            seconds = time.perf_counter() - started
            counts = " ".join(f"{verdict} {count}" for verdict, count in plan.counts.items())
            print(f"preview, {name:<34} {seconds:7.2f} s   with reading {read + seconds:.2f} s   {counts}")
            if name == "empty ledger":
                _import(store, plan, settings)
        _change(store, rows, settings)
        store.close()


def _change(store: Store, rows: int, settings: settings_module.Settings) -> None:
    """Every case gets another sum and person, and is paid more."""
    more = {"person": "另一人员", "verified_fen": 110_000, "verified_migrant_fen": 88_000, "paid_workers": 10}
    more |= {"paid_fen": 105_000, "paid_migrants": 8, "paid_migrant_fen": 84_000}
    body = ledger(rows, **more, paid_on="2026-11-21")
    book = workbook_cells.read(body, "改动.xlsx", settings.ledger)
    started = time.perf_counter()
    with store.read() as connection:
        plan = workbook_plan.plan(connection, console().scope, book, settings=settings, now=NOW)
    counts = " ".join(f"{verdict} {count}" for verdict, count in plan.counts.items())
    print(f"preview, every case changed                 {time.perf_counter() - started:7.2f} s   {counts}")
    _import(store, plan, settings)


def _import(store: Store, plan: workbook_plan.Plan, settings: settings_module.Settings) -> None:
    actor, held = console(), []
    write = workbook_import._write  # noqa: SLF001 - the part under the lock, timed by itself

    def timed(*args: Any) -> workbook_import.Result:
        started = time.perf_counter()
        done = write(*args)
        held.append(time.perf_counter() - started)
        return done

    workbook_import._write = timed  # noqa: SLF001
    started = time.perf_counter()
    done = workbook_import.apply(store, actor, plan, settings=settings, now=NOW)
    seconds = time.perf_counter() - started
    workbook_import._write = write  # noqa: SLF001
    print(f"import                                      {seconds:7.2f} s   lock held {held[0]:.2f} s   {done.words}")


if __name__ == "__main__":
    main()
