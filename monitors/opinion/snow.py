"""SnowNLP's sentiment in bulk: the very numbers of ``SnowNLP(text).sentiments``, dozens of times faster.

Nearly all of SnowNLP's time is the trigram Viterbi of its segmenter, one character of one text at a time. Here all
runs of Chinese characters of all texts advance together, one character per step, over tables converted once
(``snow_model``). Sums, ties and comparisons happen in the original's order, so every score is equal to the last bit;
its traps are named where they are kept. The score is shown, never what an alert hangs on: review vocabulary and length
drive it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitors.errors import SettingsError
from monitors.opinion.snow_model import BOS, CODE_BITS, FIRST_HAN, UNKNOWN, ModelError, SnowModel, load

_HAN_RUN = re.compile("([\u4e00-\u9fa5]+)")  # SnowNLP's own
_BATCH_CHARS = 60_000  # Chinese characters advanced together: bounds memory, long enough to fill the steps
_WINDOW = 8_192  # positions whose 64 transition logs are held at once: 4 MB, stays in the cache

Codes = NDArray[np.uint16]
Counts = NDArray[np.int64]


class SnowScorer:
    """Scores texts as SnowNLP does. Made once per process (about 0.1 s); immutable, so threads may share it."""

    def __init__(self, cache_dir: Path) -> None:
        """Load the tables from ``cache_dir``, converting the installed package's models on the first start.

        Raises:
            SettingsError: SnowNLP is not installed, or its models could not be converted.
        """
        try:
            self._model = load(cache_dir)
        except ModelError as error:
            raise SettingsError(str(error)) from error

    def segment(self, texts: Sequence[str]) -> list[list[str]]:
        """``SnowNLP(text).words`` for each text."""
        return [words for batch in _batches(texts) for words in self._segment_batch(batch)]

    def score(self, texts: Sequence[str]) -> list[float]:
        """``SnowNLP(text).sentiments`` for each text: 0 negative … 1 positive.

        An empty text, on which SnowNLP itself divides by zero, gets what its classifier says of no words at all.
        """
        return [self._classify(words) for batch in _batches(texts) for words in self._segment_batch(batch)]

    def influences(self, text: str, limit: int = 8) -> list[tuple[str, float]]:
        """The words that moved the score most, with their log odds (positive: towards 1), strongest first."""
        odds: dict[str, float] = {}
        for word in self.segment([text])[0]:
            neg, pos = self._model.words.get(word, (0.0, 0.0))
            odds[word] = odds.get(word, 0.0) + pos - neg
        ranked = sorted(odds.items(), key=lambda pair: -abs(pair[1]))
        return [(word, weight) for word, weight in ranked[:limit] if weight]

    def _classify(self, words: list[str]) -> float:
        # Plain addition from left to right: any other order (pairwise, compensated) changes the last bits.
        neg, pos = self._model.prior
        look_up, unknown = self._model.words.get, self._model.unknown
        for word in words:
            more_neg, more_pos = look_up(word, unknown)
            neg += more_neg
            pos += more_pos
        negative, positive = _share(neg, neg, pos), _share(pos, neg, pos)
        # The first class wins a tie.
        return positive if positive > max(negative, 0.0) else 1 - negative

    def _segment_batch(self, texts: list[str]) -> list[list[str]]:
        pieces: list[list[str]] = []
        runs: dict[str, int] = {}
        for text in texts:
            # Every second piece of the split is a run of Chinese characters; the others are cut at white space.
            parts = _HAN_RUN.split(text)
            pieces.append(parts)
            for run in parts[1::2]:
                runs.setdefault(run, len(runs))
        words = _segment_runs(self._model, list(runs))
        answer = []
        for parts in pieces:
            found: list[str] = []
            for index, part in enumerate(parts):
                if index % 2:
                    found += words[runs[part]]
                elif part:
                    found += part.split()
            answer.append(found)
        return answer


def _share(of: float, neg: float, pos: float) -> float:
    try:
        return 1 / (0 + exp(neg - of) + exp(pos - of))
    except OverflowError:
        return 0


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > _BATCH_CHARS:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _segment_runs(model: SnowModel, runs: list[str]) -> list[list[str]]:
    """Words of each run of Chinese characters (none empty, none twice)."""
    if not runs:
        return []
    joined = "".join(runs)
    sheet = _Sheet.of(model, joined, np.array([len(run) for run in runs], np.int64))
    status = _decode(model, sheet)
    # A word begins where a run does, at b and s, and after e (SnowNLP's generator, in one line).
    begins = (status == 0) | (status == 3)
    begins[1:] |= status[:-1] == 2
    begins[sheet.first] = True
    starts = np.flatnonzero(begins)
    bounds = [*starts.tolist(), len(joined)]
    words = [joined[a:b] for a, b in pairwise(bounds)]
    cuts = [*np.searchsorted(starts, sheet.first).tolist(), len(words)]
    return [words[a:b] for a, b in pairwise(cuts)]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The runs laid out for stepping together: step t of every run side by side, longer runs first.

    ``active[t]``: runs that have a character t. ``offset[t]``: where step t begins among the positions. ``place``:
    index in the joined runs of each position. ``code``, ``pair``, ``triple``: each position's character and the numbers
    of the known pair and triple that end in it, −1 where unknown. ``first``: where each run begins in the joined runs.
    """

    active: Counts
    offset: Counts
    place: Counts
    code: Codes
    pair: Counts
    triple: Counts
    first: Counts

    @classmethod
    def of(cls, model: SnowModel, joined: str, lengths: Counts) -> _Sheet:
        points = np.frombuffer(joined.encode("utf-16-le"), "<u2")
        code = model.code[points - FIRST_HAN]
        first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        # Two positions of BOS before each run, as the model was trained.
        pad = np.repeat(np.arange(1, len(lengths) + 1) * 2, lengths) + np.arange(len(joined))
        padded = np.full(len(joined) + 2 * len(lengths), BOS, np.uint32)
        padded[pad] = code
        pair = np.full(len(padded), -1, np.int64)
        pair[1:] = _find(model.pair_key, _key(padded[:-1], padded[1:]))
        triple = np.full(len(padded), -1, np.int64)
        known = np.flatnonzero(pair[:-1] >= 0) + 1
        triple[known] = _find(model.triple_key, _key(pair[known - 1], padded[known]))

        order = np.argsort(-lengths, kind="stable")
        by_length = lengths[order]
        steps = np.arange(by_length[0])
        active = np.searchsorted(-by_length, -steps, side="left")
        offset = np.concatenate(([0], np.cumsum(active)))
        rank = np.arange(offset[-1]) - np.repeat(offset[:-1], active)
        place = first[order][rank] + np.repeat(steps, active)
        there = pad[place]
        return cls(active, offset, place, code[place], pair[there], triple[there], first)


def _key(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.uint32]:
    return np.asarray(first << CODE_BITS | second, np.uint32)


def _find(keys: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> Counts:
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    at[keys[at] != wanted] = -1
    return at


def _transitions(model: SnowModel, sheet: _Sheet, begin: int, end: int) -> NDArray[np.float64]:
    """log_prob at positions ``begin:end`` of all state triples; axes: two before, before, state, position."""
    table = np.empty((64, end - begin))
    table.reshape(16, 4, -1)[:] = model.unigram[sheet.code[begin:end]].T
    position, state, value = _entries(model.pair_start, model.pair_state, model.pair_log, sheet.pair[begin:end])
    table.reshape(4, 16, -1)[:, state, position] = value
    position, state, value = _entries(model.triple_start, model.triple_state, model.triple_log, sheet.triple[begin:end])
    table[state, position] = value
    return table.reshape(4, 4, 4, -1)


def _entries(
    start: NDArray[np.int32], state: NDArray[np.uint8], log: NDArray[np.float64], rows: Counts
) -> tuple[Counts, NDArray[np.uint8], NDArray[np.float64]]:
    """Where, which states, which logs: all entries of the rows that are known."""
    where = np.flatnonzero(rows >= 0)
    row = rows[where]
    begin = start[row].astype(np.int64)
    count = start[row + 1] - begin
    before = np.cumsum(count) - count
    entry = np.arange(int(count.sum())) + np.repeat(begin - before, count)
    return np.repeat(where, count), state[entry], log[entry]


def _decode(model: SnowModel, sheet: _Sheet) -> NDArray[np.uint8]:
    """The best status of every character of the joined runs, as the original's dictionary walk finds it."""
    steps = len(sheet.active)
    came_from = np.zeros((16, len(sheet.place)), np.uint8)  # by 4·previous + state: the state before both
    last = np.zeros(int(sheet.active[0]), np.uint8)  # by run: 4·state + previous where the run ends
    best: NDArray[np.float64] = np.empty(0)  # axes previous state, state, run
    window, low, high = np.empty(0), 0, 0
    for step in range(steps):
        begin, end = int(sheet.offset[step]), int(sheet.offset[step + 1])
        width = end - begin
        if end > high:
            low = begin
            until = int(np.searchsorted(sheet.offset, begin + _WINDOW, side="right")) - 1
            high = int(sheet.offset[max(until, step + 1)])
            window = _transitions(model, sheet, low, high)
        log = window[..., begin - low : end - low]
        unknown = np.flatnonzero(sheet.code[begin:end] == UNKNOWN)
        if step == 0:
            # The only state before is BOS; four states, no choice yet. −inf keeps the other three out of every tie.
            best = np.full((4, 4, width), -np.inf)
            best[0] = log[0, 0]
            best[0][:, unknown] = 0.0
        elif step == 1:
            first = best[0, :, :width]
            best = first[:, None] + log[0]
            best[..., unknown] = first[:, None, unknown]
        else:
            previous = best[..., :width]
            best, choice = _best_of_four(previous, log)
            if len(unknown):
                # The original stores every predecessor of an unknown character in turn: the last one stays.
                best[..., unknown] = previous[3][:, None, unknown]
                choice[..., unknown] = 3
            came_from[:, begin:end] = choice.reshape(16, width)
        remaining = int(sheet.active[step + 1]) if step + 1 < steps else 0
        if remaining < width:
            # max() over the dictionary takes the first best key, and its keys stand with the newer state outermost.
            ended = best[..., remaining:]
            last[remaining:width] = ended.swapaxes(0, 1).reshape(16, -1).argmax(axis=0)
    return _walk_back(sheet, came_from, last)


def _best_of_four(
    previous: NDArray[np.float64], log: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Maximum and place over the state two before; a later one must be strictly better, as in the original."""
    best = previous[0][:, None] + log[0]
    choice = np.zeros(best.shape, np.uint8)
    for state in (1, 2, 3):
        other = previous[state][:, None] + log[state]
        choice[other > best] = state
        np.maximum(best, other, out=best)
    return best, choice


def _walk_back(sheet: _Sheet, came_from: NDArray[np.uint8], last: NDArray[np.uint8]) -> NDArray[np.uint8]:
    status = np.empty(len(sheet.place), np.uint8)
    state, before = last // 4, last % 4
    for step in range(len(sheet.active) - 1, -1, -1):
        begin, end = int(sheet.offset[step]), int(sheet.offset[step + 1])
        width = end - begin
        now, previous = state[:width], before[:width]
        status[sheet.place[begin:end]] = now
        if step:
            column = np.arange(begin, end)
            state[:width], before[:width] = previous, came_from[previous * 4 + now, column]
    return status
