"""附件2 from a large ledger: ``python benchmarks/form.py [cases]``. Seconds for the province, a prefecture, a county.

Once with two years of records, once with every record inside the campaign, which is the most a form can have to count.
The baseline reads all rows into pandas first, as a page without SQL would; only the same sums are made of them.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.ledger import form
from monitors.ledger.form_behind import behind
from monitors.ledger.model import EmployerClass, MeasureType
from monitors.regions import divisions
from monitors.settings import Campaign
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from tests.form_ledger import write

CAMPAIGN = Campaign(
    name="示例冬季行动",
    code="2026",
    start=date(2026, 11, 1),
    end=date(2027, 2, 5),
    spring_festival=date(2027, 2, 6),
)
CUTOFF = date(2026, 12, 31)


def fill(store: Store, cases: int, first: date) -> None:
    """``cases`` cases with as many inspections and measures and twice as many payments, ``first`` to cutoff."""
    chance = random.Random(2026)
    counties = [one.code for one in divisions.counties()]
    employers = cases // 5

    def day() -> date:
        return first + timedelta(days=chance.randrange((CUTOFF - first).days + 1))

    ledger: dict[str, list[dict[str, Any]]] = {
        "employer": [
            {"id": n, "name": f"单位{n}", "class": str(chance.choice(list(EmployerClass))), "region": "530102"}
            for n in range(1, employers + 1)
        ],
        "project": [
            {"id": n, "name": f"项目{n}", "region": "530102", "gov": n % 3 == 0, "ppp": n % 5 == 0, "soe": n % 2 == 0}
            for n in range(1, employers + 1)
        ],
        **{name: [] for name in ("inspection", "wage_case", "payment", "measure")},
    }
    for n in range(1, cases + 1):
        who = {"id": n, "employer_id": chance.randint(1, employers), "region": chance.choice(counties)}
        on = {"project_id": chance.randint(1, employers)}
        ledger["inspection"].append(
            who | on | {"on": day(), "workers": 50, "migrants": 40, "migrants_with_contract": 30}
        )
        ledger["measure"].append(who | {"case_id": n, "type": str(chance.choice(list(MeasureType))), "on": day()})
        ledger["wage_case"].append(
            who | on | {"verified_on": day(), "filed_on": day(), "closed_on": day(), "verified_workers": 20,
                        "verified_migrants": 15, "verified_fen": 12_345_678, "verified_migrant_fen": 1_234_567}
        )  # fmt: skip
        for part in (0, 1):
            ledger["payment"].append(
                {"id": 2 * n - part, "case_id": n, "on": day(), "persons": 10, "migrants": 8,
                 "first_persons": 10 - 5 * part, "first_migrants": 8 - 4 * part, "wage_fen": 5_000_000,
                 "wage_migrant_fen": 500_000, "compensation_fen": 0, "compensation_migrant_fen": 0}
            )  # fmt: skip
    with store.write() as connection:
        write(connection, ledger)


def best(work: Callable[[], object], times: int = 3) -> float:
    """The quickest of several runs: the machine's own noise only ever adds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def measure(cases: int, first: date) -> None:
    """Print one line for each question asked of a ledger that begins on ``first``."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        fill(store, cases, first)
        print(f"{cases} cases, {2 * cases} payments, {cases} inspections, {cases} measures since {first}")
        with store.read() as connection:
            for region in ("530000", "530100", "530102"):
                asked = {"campaign": CAMPAIGN, "cutoff": CUTOFF, "region": region}
                print(f"  form {region}: {best(lambda: form.cells(connection, **asked)):.3f} s")  # noqa: B023
                seconds = best(lambda: behind(connection, **asked, row=1, col=14))  # noqa: B023
                print(f"  behind 合计 column 14, {region}: {seconds:.3f} s")

            def read_all() -> None:
                for name in ("employer", "project", "inspection", "wage_case", "payment", "measure"):
                    pd.read_sql(select(getattr(t, name)), connection)

            print(f"  baseline, reading all rows into pandas: {best(read_all, 1):.3f} s")
        store.close()


def main() -> None:
    """Measure both ledgers."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for first in (date(2025, 1, 1), CAMPAIGN.start):
        measure(cases, first)


if __name__ == "__main__":
    main()
