"""Place resolver against labelled reports and against a plain loop of ``in`` tests.

    python benchmarks/places.py [folder with region.jsonl and relevance.jsonl] [--errors]

The folder defaults to ``eval`` in $MONITORS_SHARED, else in ``shared`` beside the project.
Without it only the speed is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from pathlib import Path

from monitors.regions import divisions
from monitors.regions.places import PlaceResolver

ROOT = Path(__file__).resolve().parent.parent


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def score(resolver: PlaceResolver, data: list[dict], *, errors: bool) -> dict[str, str]:
    counts = {
        "county": [0, 0],
        "prefecture": [0, 0],
        "no county where none is due": [0, 0],
        "province": [0, 0],
        "look-alikes taken for Yunnan": [0, 0],
    }
    for row in data:
        if not row["sure"]:
            continue
        place = resolver.resolve(row["title"], row["text"])
        found = place.code if place.code.startswith("53") else ""
        county = found if found and not found.endswith("00") else ""
        prefecture = divisions.prefecture_of(found)
        checks = {}
        if row["trap"]:
            checks["look-alikes taken for Yunnan"] = bool(found)
            wrong = bool(found)
        else:
            checks["province"] = bool(found)
            if row["prefecture_code"]:
                checks["prefecture"] = prefecture == str(row["prefecture_code"])
            if row["county_code"]:
                checks["county"] = county == str(row["county_code"])
            else:
                checks["no county where none is due"] = not county
                if not row["prefecture_code"]:
                    checks["prefecture"] = not prefecture
            wrong = not all(checks.values())
        for key, hit in checks.items():
            counts[key][0] += hit
            counts[key][1] += 1
        if wrong and errors:
            due = str(row["county_code"] or row["prefecture_code"] or row["province_code"] or "")
            print(f"  {row['id']} trap={row['trap']}, {divisions.full_name(due)} → {place.name} | {row['title'][:50]}")
            for hit in (*place.hits[:8], *place.rejected[:4]):
                source = row[hit.field]
                before, after = source[max(0, hit.start - 14) : hit.start], source[hit.end : hit.end + 14]
                print(f"      {hit.code} {hit.why}: …{before}[{hit.text}]{after}…")
    return {key: f"{a}/{b} = {a / b:.3f}" for key, (a, b) in counts.items() if b}


def wage_reports(resolver: PlaceResolver, data: list[dict], *, errors: bool) -> dict[str, str]:
    """Province of wage reports all over the country, and Yunnan's recall and precision among them."""
    named = [d for d in divisions.everywhere() if d.level == "province"]
    right = stated = false = silent = 0
    for row in data:
        if not (row["sure"] and row["relevant"]):  # places are labelled on wage reports only
            continue
        place = resolver.resolve(row["title"], row["text"])
        due = next((d.code for d in named if row["province"] and d.name.startswith(row["province"])), "")
        if due:
            stated += 1
            right += place.code[:2] == due[:2]
            if place.code[:2] != due[:2] and errors:
                print(f"  {row['id']} due {row['province']} got {place.code} {place.name} | {row['title'][:50]}")
        else:
            silent += 1
        if due != divisions.YUNNAN and place.code.startswith("53"):
            false += 1
            if errors:
                words = [hit.text for hit in place.hits][:6]
                print(
                    f"  {row['id']} FALSE Yunnan, due {row['province']} got {place.name} | {row['title'][:50]} {words}"
                )
    return {
        "province of wage reports": f"{right}/{stated}",
        "wage reports falsely put in Yunnan": f"{false}/{stated + silent}",
    }


def speed(resolver: PlaceResolver, texts: list[tuple[str, str]]) -> dict[str, str]:
    names = [d.name for d in (*divisions.prefectures(), *divisions.counties(), *divisions.townships())]
    names += [divisions.bare(d) for d in (*divisions.prefectures(), *divisions.counties())]
    started = time.process_time()
    for title, text in texts:
        resolver.resolve(title, text)
    ours = time.process_time() - started
    sample = texts[: max(1, len(texts) // 20)]
    started = time.process_time()
    for title, text in sample:
        both = title + text
        _ = [name for name in names if name in both]
    loop = (time.process_time() - started) * len(texts) / len(sample)
    mean = sum(len(a) + len(b) for a, b in texts) / len(texts)
    return {
        "documents/s": f"{len(texts) / ours:,.0f} (mean {mean:.0f} characters)",
        f"against a loop of {len(names)} `in` tests": f"{loop / ours:.1f} ×",
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(os.environ.get("MONITORS_SHARED") or ROOT.parent / "shared") / "eval",
    )
    parser.add_argument("--errors", action="store_true")
    arguments = parser.parse_args()
    started = time.process_time()
    resolver = PlaceResolver()
    figures = {"start": f"{time.process_time() - started:.2f} s"}
    region, relevance = rows(arguments.folder / "region.jsonl"), rows(arguments.folder / "relevance.jsonl")
    if region:
        figures |= score(resolver, region, errors=arguments.errors)
    if relevance:
        figures |= wage_reports(resolver, relevance, errors=arguments.errors)
    short = [
        (
            "镇雄县一工地拖欠农民工工资",
            f"近日，云南昭通镇雄县泼机镇某安置房项目{n}名工人反映工资被拖欠，县人社局已介入调查。",
        )
        for n in range(4000)
    ]
    figures |= {f"short: {k}": v for k, v in speed(resolver, short).items()}
    if region:
        figures |= {
            f"real: {k}": v for k, v in speed(resolver, [(r["title"], r["text"]) for r in region + relevance]).items()
        }
    stream = arguments.folder / "stream.jsonl.gz"
    if stream.is_file():
        with gzip.open(stream, "rt", encoding="utf-8") as lines:
            titles = [(json.loads(line)["title"], "") for line in lines]
        figures |= {f"natural titles: {k}": v for k, v in speed(resolver, titles[:20000]).items()}
    for key, value in figures.items():
        print(f"{key:45} {value}")


if __name__ == "__main__":
    main()
