"""Every figure of every corpus, from the judge's own answers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from monitors.clock import SHANGHAI
from monitors.opinion import stories
from monitors.opinion.judge import Report
from monitors.opinion.model import Judgement
from monitors.opinion.parse import parse
from monitors.regions import divisions
from monitors.settings import Settings

from . import grouping
from .corpora import Corpus
from .figures import Fault, Figure, Tally, share

NOW = datetime(2026, 11, 23, tzinfo=UTC)
_STANCES = {"negative": "unresolved", "neutral": "neutral", "positive": "resolved"}

# Titles of the stream a person read and found to be about unpaid wages, by digest: the texts are not the project's.
STREAM_TRUE = frozenset(
    (
        "65a3ca4fa79e435a",
        "780499cfacf7ca8d",
        "7970615589bd6748",
        "7a46f7c9354f643a",
        "90e739a4f64ed6f6",
        "b78a574c1ae5c5c7",
    )
)


class Judging(Protocol):
    """What is measured: the judge, or a worse one in a test."""

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]: ...


def measure(corpus: Corpus, judge: Judging, settings: Settings) -> list[Figure]:
    """All figures of one corpus."""
    measures: dict[str, Callable[[Corpus, Judging, Settings], list[Figure]]] = {
        "gold": _gold,
        "relevance": _relevance,
        "region": _region,
        "dups": _dups,
        "sentiment": _sentiment,
        "stream": _stream,
        "lists": _lists,
    }
    return measures[corpus.name](corpus, judge, settings)


def title_digest(title: str) -> str:
    """Names a title of the stream without showing it."""
    return hashlib.sha256(title.encode()).hexdigest()[:16]


def _words(row: dict[str, Any]) -> str:
    return str(row.get("title") or row.get("text") or "")[:40]


def _published(row: dict[str, Any]) -> datetime | None:
    """Noon in Yunnan of the day given; a date that is not a whole day counts as unknown."""
    day = row.get("published") or ""
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=SHANGHAI) if len(day) == len("2026-11-23") else None


def _judged(rows: Sequence[dict[str, Any]], judge: Judging) -> list[Judgement]:
    reports = [
        Report(
            row.get("title") or "",
            row.get("text") or "",
            _published(row) or NOW,
            row.get("source_region", ""),
            now=(_published(row) or NOW) + timedelta(hours=1),
        )
        for row in rows
    ]
    return judge.judge_many(reports)


def _relevance_figures(corpus: str, pairs: Sequence[tuple[dict[str, Any], Judgement]]) -> list[Figure]:
    table = Counter((bool(row["relevant"]), answer.relevant) for row, answer in pairs)
    false, missed = [], []
    for row, answer in pairs:
        if bool(row["relevant"]) != answer.relevant:
            sure = abs(answer.relevance - 0.5)
            if answer.relevant:
                false.append(Fault(row["id"], "无关", f"相关 {answer.relevance:.2f}", _words(row), sure))
            else:
                missed.append(Fault(row["id"], "相关", f"无关 {answer.relevance:.2f}", _words(row), sure))
    right = table[True, True]
    return [
        share(corpus, "relevance_precision", right, right + table[False, True], false),
        share(corpus, "relevance_recall", right, right + table[True, False], missed),
    ]


def _same_employer(wanted: str, got: str) -> bool:
    """Any of several right names, in its short or long form."""
    return any(got in name or name in got for name in wanted.split(";"))


class _Facts:
    """Stance, tone and the facts of wage reports; a fact whose label is absent is not counted."""

    def __init__(self, corpus: str) -> None:
        self.stance, self.sign = Tally(corpus, "stance"), Tally(corpus, "sentiment_sign")
        self.workers, self.amount = Tally(corpus, "workers"), Tally(corpus, "amount")
        self.employer = Tally(corpus, "employer", _same_employer)

    def add(self, row: dict[str, Any], answer: Judgement, labels: dict[str, Any]) -> None:
        name, words = row["id"], _words(row)
        if labels.get("stance"):
            self.stance.add(name, words, labels["stance"], answer.stance)
            if labels["stance"] != "neutral":
                sign = "正面" if answer.sentiment > 0 else "负面" if answer.sentiment < 0 else "中性"
                self.sign.add(name, words, "正面" if labels["stance"] == "resolved" else "负面", sign)
        for tally, key, got in (
            (self.workers, "workers", answer.workers),
            (self.amount, "amount_fen", answer.amount_fen),
            (self.employer, "employer", answer.employer),
        ):
            if key in labels:
                tally.add(name, words, labels[key], got)

    def figures(self) -> list[Figure]:
        found = [self.stance.stated_right(), self.sign.stated_right()]
        for tally in (self.workers, self.amount, self.employer):
            found += [tally.stated_right(), tally.invented()]
        return found


class _Places:
    """County and prefecture where stated, what is given though not stated, and look-alikes taken for Yunnan."""

    def __init__(self, corpus: str) -> None:
        self.corpus = corpus
        self.county, self.prefecture = Tally(corpus, "county"), Tally(corpus, "prefecture")
        self.traps, self.taken = 0, list[Fault]()
        self.silent, self.made_up = 0, list[Fault]()

    def add(self, row: dict[str, Any], code: str, *, county: str | None, prefecture: str | None, trap: bool) -> None:
        ours = code if code.startswith("53") else ""
        name, words, shown = row["id"], _words(row), divisions.full_name(ours) if ours else "非云南"
        if trap:
            self.traps += 1
            if ours:
                self.taken.append(Fault(name, "非云南", shown, words))
            return
        if county:
            self.county.add(name, words, divisions.full_name(county), shown)
        if prefecture:
            got = divisions.prefecture_of(ours) if ours else ""
            self.prefecture.add(name, words, divisions.full_name(prefecture), divisions.full_name(got) if got else "无")
        if not county:
            self.silent += 1
            deeper = ours and ours != "530000" and (not prefecture or not ours.endswith("00"))
            if deeper:
                due = divisions.full_name(prefecture) if prefecture else "未说明"
                self.made_up.append(Fault(name, due, shown, words))

    def figures(self) -> list[Figure]:
        return [
            self.county.stated_right(),
            self.prefecture.stated_right(),
            share(self.corpus, "look_alikes", len(self.taken), self.traps, self.taken),
            share(self.corpus, "place_invented", len(self.made_up), self.silent, self.made_up),
        ]


def _gold(corpus: Corpus, judge: Judging, settings: Settings) -> list[Figure]:
    pairs = list(zip(corpus.rows, _judged(corpus.rows, judge), strict=True))
    facts, places, level = _Facts("gold"), _Places("gold"), Tally("gold", "level")
    for row, answer in pairs:
        if row.get("relevant"):
            facts.add(row, answer, row)
        if "county" in row:
            places.add(row, answer.region, county=row["county"], prefecture=row["prefecture"], trap=row["look_alike"])
        if row.get("level"):
            level.add(row["id"], _words(row), row["level"], answer.severity.level if answer.severity else None)
    return [
        *_relevance_figures("gold", [pair for pair in pairs if "relevant" in pair[0]]),
        *facts.figures(),
        *places.figures(),
        *_gold_stories(pairs, settings),
        level.stated_right(),
    ]


def _gold_stories(pairs: Sequence[tuple[dict[str, Any], Judgement]], settings: Settings) -> list[Figure]:
    """Grouped with the facts the judge found, as intake does; a report without a label is an event of its own."""
    members, event, words = [], {}, {}
    for row, answer in pairs:
        if not row.get("relevant"):
            continue
        members.append(
            stories.member(
                id=row["id"],
                title=row["title"],
                text=row["text"],
                published=_published(row),
                region=answer.region,
                workers=answer.workers,
                amount_fen=answer.amount_fen,
                employer=answer.employer,
            )
        )
        event[row["id"]], words[row["id"]] = row.get("story") or row["id"], _words(row)
    found = {str(report): group for report, group in stories.cluster(members, settings.story).items()}
    # Hundreds of lone reports would hide the groups: B³ is taken on the labelled ones, false merges on all.
    told = {row["id"] for row, _ in pairs if row.get("story")}
    b3 = grouping.figures("gold", {r: found[r] for r in told}, {r: event[r] for r in told}, words)[0]
    return [b3, grouping.figures("gold", found, event, words)[1]]


def _relevance(corpus: Corpus, judge: Judging, _: Settings) -> list[Figure]:
    pairs = [pair for pair in zip(corpus.rows, _judged(corpus.rows, judge), strict=True) if pair[0]["sure"]]
    facts = _Facts("relevance")
    for row, answer in pairs:
        if row["relevant"]:
            yuan = row["amount_yuan"]
            labels = {
                "stance": _STANCES[row["stance"]],
                "workers": row["workers"],
                "amount_fen": round(yuan * 100) if yuan else None,
                "employer": row["employer"] or None,
            }
            facts.add(row, answer, labels)
    return [*_relevance_figures("relevance", pairs), *facts.figures()]


def _region(corpus: Corpus, judge: Judging, _: Settings) -> list[Figure]:
    places = _Places("region")
    for row, answer in zip(corpus.rows, _judged(corpus.rows, judge), strict=True):
        if row["sure"]:
            county, prefecture = (str(row[key]) if row[key] else None for key in ("county_code", "prefecture_code"))
            places.add(row, answer.region, county=county, prefecture=prefecture, trap=bool(row["trap"]))
    return places.figures()


def _dups(corpus: Corpus, _: Judging, settings: Settings) -> list[Figure]:
    """By the texts alone: most of these reports are not about wages and carry no facts of ours."""
    members = [
        stories.member(id=row["id"], title=row["title"] or "", text=row["text"] or "", published=_published(row))
        for row in corpus.rows
    ]
    found = {str(report): group for report, group in stories.cluster(members, settings.story).items()}
    event = {row["id"]: row["group"] or row["id"] for row in corpus.rows}
    return grouping.figures("dups", found, event, {row["id"]: _words(row) for row in corpus.rows})


def _sentiment(corpus: Corpus, judge: Judging, _: Settings) -> list[Figure]:
    ours: Counter[str] = Counter()
    snow: Counter[str] = Counter()
    count: Counter[str] = Counter()
    faults = []
    for row, answer in zip(corpus.rows, _judged(corpus.rows, judge), strict=True):
        source, good = row["source"], bool(row["label"])
        count[source] += 1
        snow[source] += ((answer.snownlp or 0) > 0.5) == good
        ours[source] += (answer.sentiment > 0) == good
        if (answer.sentiment > 0) != good:
            tone = abs(answer.sentiment)
            wanted, got = ("正面", "负面") if good else ("负面", "正面")
            faults.append(Fault(row["id"], wanted, f"{got} {answer.sentiment:.2f}", _words(row), tone))
    gains = {source: (ours[source] - snow[source]) / count[source] for source in count}
    worst = min(gains, key=gains.__getitem__)
    return [
        share("sentiment", "general_sentiment", ours.total(), count.total(), faults),
        Figure("sentiment", "over_snownlp", gains[worst], f"{len(gains)} 个来源"),
    ]


def _stream(corpus: Corpus, judge: Judging, _: Settings) -> list[Figure]:
    flagged, false, missed, true = set(), [], [], 0
    for row, answer in zip(corpus.rows, _judged(corpus.rows, judge), strict=True):
        digest = title_digest(row["title"])
        confirmed = digest in STREAM_TRUE
        true += confirmed
        if answer.relevant:
            flagged.add(row["id"])
            if not confirmed:
                false.append(Fault(row["id"], "无关", f"相关 {answer.relevance:.2f}", _words(row), answer.relevance))
        elif confirmed:
            missed.append(Fault(row["id"], "相关", f"无关 {answer.relevance:.2f}", _words(row), 1 - answer.relevance))
    per = 100_000 / len(corpus.rows)
    return [
        Figure("stream", "stream_false", len(false) * per, f"{len(false)}/{len(corpus.rows)}", tuple(false)),
        share("stream", "stream_found", true - len(missed), true, missed),
    ]


def _lists(corpus: Corpus, _: Judging, settings: Settings) -> list[Figure]:
    pages = dict(corpus.pages)
    scores, faults = [], []
    for row in corpus.rows:
        entries = parse(
            pages[row["id"]],
            kind="page",
            url="https://lists.example/",
            now=NOW,
            limits=settings.parse,
        ).entries
        # The expected titles are as shown; ours are whole where the page had cut them off.
        found = {"".join(entry.title.split()) for entry in entries}
        stems = {"".join(title.split()).rstrip(".…") for title in row["titles"]}
        hits = {stem for stem in stems if any(title.startswith(stem) for title in found)}
        f1 = 2 * len(hits) / (len(found) + len(stems)) if hits else 0.0
        scores.append(f1)
        if f1 < 1:
            faults.append(Fault(row["id"], f"{len(stems)} 条", f"{len(found)} 条，对 {len(hits)} 条", "", 1 - f1))
    return [Figure("lists", "list_pages", sum(scores) / len(scores), f"{len(scores)} 页", tuple(faults))]
