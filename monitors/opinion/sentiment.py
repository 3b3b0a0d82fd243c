"""The tone of a report, −1…1: the field's words weighed, with SnowNLP's score as a prior (domain.md 4.1).

s = (P − N + w·(2p − 1)) / (P + N + 2): P and N are weighted hits (title twice; what is negated changes sides), p is
SnowNLP's 0…1. Where no field word stands, the sign is SnowNLP's; a report that is not about wages is SnowNLP's alone.
"""

from __future__ import annotations

from monitors.opinion.lexicon import Hit
from monitors.opinion.mentions import Reading
from monitors.opinion.model import Stance

_NEGATIVE = ("core", "extreme", "protest")
_POSITIVE = ("resolution",)
_TITLE_WEIGHT = 2.0
_STAGE_WEIGHT = 3.0  # the event's stage outweighs a handful of words: "paid" reports name the arrears too
_LEAN_WEIGHT = 2.0  # of a full lean, where the stage itself is neutral
_CAP = 12.0


def of_wage_report(  # noqa: PLR0917 - what a tone is made of
    title: Reading, text: Reading, stance: Stance, snownlp: float | None, weight: float, lean: float = 0.0
) -> float:
    """Tone of a report about wages owed; ``weight`` is how many words SnowNLP counts as.

    ``lean`` −1…1 (how much likelier paid than owed, by the signs) tells where a neutral report tends.
    """
    positive = negative = 0.0
    for reading, times in ((title, _TITLE_WEIGHT), (text, 1.0)):
        for group in _NEGATIVE:
            negative += times * sum(_weight(hit) for hit in reading.of(group))
        for group in _POSITIVE:
            positive += times * sum(_weight(hit) for hit in reading.of(group))
        denied = sum(1 for mention in reading.mentions if mention.mood in ("negated", "denied"))
        positive, negative = positive + times * denied, max(0.0, negative - times * denied)
    positive, negative = min(positive, _CAP), min(negative, _CAP)
    if stance == "resolved":
        positive += _STAGE_WEIGHT + negative
    elif stance == "unresolved":
        negative += _STAGE_WEIGHT + positive
    else:
        positive, negative = positive * 0.5, negative * 0.5
        positive, negative = positive + _LEAN_WEIGHT * max(0.0, lean), negative + _LEAN_WEIGHT * max(0.0, -lean)
    prior = weight * (2.0 * snownlp - 1.0) if snownlp is not None else 0.0
    return _clamp((positive - negative + prior) / (positive + negative + 2.0))


def of_other(snownlp: float | None) -> float:
    """Tone of a report that is not about wages: SnowNLP's, on our scale."""
    return 0.0 if snownlp is None else _clamp(2.0 * snownlp - 1.0)


def _weight(hit: Hit) -> float:
    return abs(hit.term.weight)


def _clamp(value: float) -> float:
    return round(max(-1.0, min(1.0, value)), 4)
