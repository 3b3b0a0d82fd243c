"""试算: what the judge says of a text somebody typed, with all its reasons. Nothing is stored."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time

from monitors.clock import SHANGHAI, local
from monitors.errors import InputError
from monitors.opinion import judged, trained
from monitors.opinion.judge import Judge, Report
from monitors.opinion.judged import Output
from monitors.opinion.mentions import read
from monitors.opinion.model import Judgement
from monitors.opinion.relevance import Document, features

MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A report as typed. ``region``: six-digit code of the outlet's home or ``""``; ``day`` of publication."""

    title: str
    text: str
    region: str
    day: date
    national: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The judgement and why: ``outputs`` as in the drawer, ``weighed`` the features of relevance (meaning, points).

    ``threshold``: the score from which on a report is relevant.
    ``text`` is what was read: a long one is cut at ``judge.max_chars``, then ``cut``.
    """

    title: str
    text: str
    cut: bool
    judgement: Judgement
    outputs: tuple[Output, ...]
    period: tuple[str, ...]
    weighed: tuple[tuple[str, float], ...]
    threshold: float


def check(asked: Asked, *, now: datetime) -> None:
    """Whether there is anything to judge, before a judge is asked: one that is not loaded yet takes seconds.

    Raises:
        InputError: nothing to judge, or a day in the future.
    """
    if not _typed(asked.title) and not _typed(asked.text):
        raise InputError("请输入标题或正文")
    if asked.day > local(now).date():
        raise InputError("发布日期不能晚于今天")


def answer(judge: Judge, asked: Asked, *, now: datetime) -> Answer:
    """Judge what was typed exactly as a report of that day is judged: by the judge's own thresholds and words.

    Raises:
        InputError: nothing to judge, or a day in the future.
    """
    check(asked, now=now)
    title, text, settings = _typed(asked.title), _typed(asked.text), judge.settings
    today = local(now).date()
    published = now if asked.day == today else datetime.combine(asked.day, time(12), SHANGHAI)
    limit = settings.judge.max_chars
    report = Report(title, text[:limit], published, asked.region, asked.national, now)
    (found,) = judge.judge_many([report])
    words = judge.lexicon
    weighed = trained.choose(settings).model.score(features(Document(read(title, words), read(report.text, words))))
    return Answer(
        title,
        report.text,
        len(text) > limit,
        found,
        judged.of_judgement(found),
        judged.period_of(found),
        tuple((meaning, points) for _, meaning, points in weighed.reasons),
        settings.judge.relevance_threshold,
    )


def _typed(words: str) -> str:
    """Without characters nobody sees, which a browser's input may hold and no feed brings in."""
    kept = (one for one in words if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})
    return "".join(kept).strip()
