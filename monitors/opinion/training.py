"""Teaching the relevance model (训练): the weights of the named features moved by what the officers have labelled.

The features and their meanings stay those of the release; only their weights move, drawn to the shipped ones (ridge).
Fitted on the sentences the project wrote and the office's own labels 相关/不相关. The result is put in force only where
it does no worse than the shipped weights on the project's gold set and, on labels it has not seen, no worse than the
weights now in force; otherwise nothing changes and the reason is said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from monitors.access import audit
from monitors.access.acting import acting, looking
from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.opinion import demo_world, lexicon, trained
from monitors.opinion.mentions import read
from monitors.opinion.relevance import Document, RelevanceModel, features
from monitors.opinion.retention import TEXT_REMOVED
from monitors.settings import ROOT, Settings
from monitors.store import tables as t
from monitors.store.engine import Store

GOLD = tuple(ROOT / "data" / "training" / f"{name}.jsonl" for name in ("gold_judge", "gold_reports"))
STRENGTH = 3.0  # pull of the weights one comes from: as much as three rows that say otherwise
OWN_WEIGHT = 0.7  # of a row the project wrote, beside one an officer labelled
MIN_LABELS = 10  # fewer teach nothing that holding some out could confirm
MOST_LABELS = 20_000  # the newest; at 0.5 ms each
FOLDS = 5
_EVERYDAY = 150  # demonstration reports on other things: what a wrong alarm would be raised on
_WRITTEN = datetime(2026, 11, 23, tzinfo=UTC)  # the day the demonstration is written for: the same rows every time

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled report. ``group``: examples of one group are held out together (reprints, one event)."""

    found: dict[str, float]
    relevant: bool
    weight: float
    group: str
    key: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Right and wrong on a set: relevant and found, relevant and missed, false alarms, rightly passed over."""

    found: int
    missed: int
    alarms: int
    passed: int

    @property
    def correct(self) -> int:
        return self.found + self.passed

    @property
    def words(self) -> str:
        whole = self.correct + self.missed + self.alarms
        return f"{whole} 条判对 {self.correct}，漏判 {self.missed}，误报 {self.alarms}"

    def worse(self, than: Scores) -> bool:
        """More missed or more false alarms: recall or precision has fallen, and both have pinned floors."""
        return self.missed > than.missed or self.alarms > than.alarms


@dataclass(frozen=True, slots=True)
class Training:
    """How a training went. ``refused``: why its result is not in force, ``""`` where it is (or would be, ``dry``)."""

    labels: int
    without_text: int
    gold_before: Scores
    gold_after: Scores
    held_before: Scores
    held_after: Scores
    moved: tuple[tuple[str, float, float], ...]  # meaning of the feature, weight before, weight after
    refused: str
    dry: bool
    version: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What happened, for the operator."""
        skipped = f"（另有 {self.without_text} 条的正文已按期限清除，未用）" if self.without_text else ""
        moved = [f"  {meaning}：{before:+.2f} → {after:+.2f}" for meaning, before, after in self.moved]
        if self.refused:
            end = f"未启用：{self.refused}。仍用原来的权重（{self.version}）。"
        elif self.dry:
            end = "试算通过，未启用；去掉 --dry-run 即启用。"
        else:
            end = f"已启用（{self.version}），监测在下一批报道起使用，无需重启。"
        return (
            f"本单位标注 {self.labels} 条{skipped}",
            f"金标准集：出厂权重 {self.gold_before.words}；训练后 {self.gold_after.words}",
            f"留出检验（{FOLDS} 份轮流留出）：现用权重 {self.held_before.words}；训练后 {self.held_after.words}",
            *(["变动最大的权重：", *moved] if moved else []),
            end,
        )


def train(store: Store, actor: Actor, settings: Settings, *, now: datetime, dry: bool = False) -> Training:
    """Fit the weights anew and, unless ``dry`` or refused by the checks, put them in force.

    Raises:
        RefusedError: the actor may not; recorded.
        InputError: too few labels, or the gold set is missing.
        TrainedError: the result could not be written; the weights in force stay.
    """
    with looking(store, actor) as connection:
        actor.require("model.train", kind="model")
        labelled, without_text = _labelled(connection)
    if len(labelled) < MIN_LABELS or len({example.group for example in labelled}) < FOLDS:
        raise InputError(
            f"本单位的相关性标注可用 {len(labelled)} 条，至少需要 {MIN_LABELS} 条、来自 {FOLDS} 起不同事件，"
            "请在事件详情“研判依据”中继续标注"
        )
    shipped, chosen = RelevanceModel.load(), trained.choose(settings)
    gold = list(_gold())
    own = [*gold, *_everyday()]
    fitted = fit_weights(labelled, shipped.weights, own)
    threshold = settings.judge.relevance_threshold
    gold_before, gold_after = scores(gold, shipped.weights, threshold), scores(gold, fitted, threshold)
    held_before = scores(labelled, chosen.model.weights, threshold)
    held_after = _held_out(own, labelled, shipped.weights, threshold)
    refused = _why_not(gold_before, gold_after, held_before, held_after)
    version = chosen.version
    if not dry:
        content = {
            "trained_at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "shipped": trained.shipped_digest(),
            "data": _data_digest([*own, *labelled]),
            "labels": len(labelled),
            "scores": {
                "gold_before": asdict(gold_before), "gold_after": asdict(gold_after),
                "held_out_before": asdict(held_before), "held_out_after": asdict(held_after),
            },
            "weights": fitted,
        }  # fmt: skip
        with acting(store, actor) as connection:
            said = {
                "标注": len(labelled), "金标准集": gold_after.words, "留出检验": held_after.words,
                "启用": "否" if refused else "是",
            }  # fmt: skip
            _record(connection, actor, said | ({"why": refused} if refused else {}), failed=bool(refused), now=now)
            if not refused:  # last: what cannot be written is not recorded as in force
                trained.write(trained.artefact_path(settings), content)
                version = trained.choose(settings).version
    moved = _moved(chosen.model, fitted)
    return Training(
        len(labelled), without_text, gold_before, gold_after, held_before, held_after, moved, refused, dry, version
    )


def use_shipped(store: Store, actor: Actor, settings: Settings, *, now: datetime) -> bool:
    """Go back to the shipped weights; False where they were in force already.

    Raises:
        RefusedError: the actor may not; recorded.
        TrainedError: the file could not be removed.
    """
    with acting(store, actor) as connection:
        actor.require("model.train", kind="model")
        path = trained.artefact_path(settings)
        if not path.exists():
            return False
        _record(connection, actor, {"act": "恢复出厂权重"}, failed=False, now=now)
        trained.discard(path)
    return True


def _record(connection: Connection, actor: Actor, said: dict[str, object], *, failed: bool, now: datetime) -> None:
    audit.append(
        connection, actor, "model.train", at=now, kind="model", after=said, outcome="失败" if failed else "成功"
    )


def _why_not(gold_before: Scores, gold_after: Scores, held_before: Scores, held_after: Scores) -> str:
    if gold_after.worse(gold_before):
        return f"在金标准集上不如出厂权重（{gold_before.words}；训练后 {gold_after.words}），请核对标注是否有误"
    if held_after.correct < held_before.correct:
        return f"留出检验不如现用权重（{held_before.words}；训练后 {held_after.words}），标注尚不足以改进"
    return ""


# ── what is learned from ─────────────────────────────────────────────────────────────────────────────────────────────
def example(title: str, text: str, *, relevant: bool, weight: float = 1.0, group: str = "") -> Example:
    """A report as the fit sees it."""
    words = lexicon.shipped()
    found = features(Document(read(title, words), read(text, words)))
    key = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    return Example(found, relevant, weight, group or key, key)


def _labelled(connection: Connection) -> tuple[list[Example], int]:
    """The office's own labels of relevance, invented reports left out, and how many have lost their text."""
    rows = connection.execute(
        select(t.label.c.said, t.label.c.story_id, t.item.c.title, t.item.c.text, t.item.c.judgement)
        .join(t.item, t.item.c.id == t.label.c.item_id)
        .where(t.label.c.field == "relevant", t.item.c.demo.is_(False))
        .order_by(t.label.c.at.desc(), t.label.c.id.desc())
        .limit(MOST_LABELS)
    ).all()
    whole = [row for row in rows if TEXT_REMOVED not in row.judgement]
    examples = [
        example(
            row.title,
            row.text,
            relevant=bool(row.said["value"]),
            group=f"story {row.story_id}" if row.story_id else "",
        )
        for row in whole
    ]
    return examples, len(rows) - len(whole)


def _gold() -> Iterator[Example]:
    present = [path for path in GOLD if path.is_file()]
    if not present:
        raise InputError(f"缺少金标准集 {GOLD[0].name}，无法核对训练结果，请补齐程序文件后重试")
    for path in present:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("relevant") is not None:
                yield example(row["title"] or "", row["text"] or "", relevant=row["relevant"], weight=OWN_WEIGHT)


def _everyday() -> Iterator[Example]:
    others = [planned.entry for planned in demo_world.world(_WRITTEN) if not planned.story]
    for entry in others[:: max(1, len(others) // _EVERYDAY)]:
        yield example(entry.title, entry.text, relevant=False, weight=OWN_WEIGHT)


def _data_digest(examples: Iterable[Example]) -> str:
    lines = sorted(f"{one.key} {one.relevant} {one.weight}" for one in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# ── fitting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def fit(x: Vector, y: Vector, w: Vector, prior: Vector, own: NDArray[np.bool_]) -> Vector:
    """Weights (bias last) of a logistic model drawn to ``prior``: damped Newton steps on the penalised likelihood.

    The pull of the rows marked ``own`` at ``prior`` is taken off: they hold the weights where they are, to every side,
    and what moves them is the other rows alone. Without any, the result is ``prior``.
    """
    a = np.hstack([x, np.ones((len(x), 1))])
    steady = a[own].T @ (w * (1 / (1 + np.exp(-np.clip(a @ prior, -60, 60))) - y))[own]

    def loss(b: Vector) -> float:
        total = a @ b
        likelihood = w @ (np.logaddexp(0.0, total) - y * total)
        return float(likelihood + STRENGTH / 2 * ((b - prior) @ (b - prior)) - steady @ (b - prior))

    b, at = prior.copy(), loss(prior)
    pull = np.eye(a.shape[1]) * STRENGTH
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(a @ b, -60, 60)))
        slope = a.T @ (w * (p - y)) + pull @ (b - prior) - steady
        step = np.linalg.solve((a * (w * p * (1 - p))[:, None]).T @ a + pull, slope)
        # Far from a minimum (rows that contradict the prior outright) a whole step overshoots.
        while (then := loss(b - step)) > at and np.abs(step).max() > 1e-9:
            step = step / 2
        b, at = b - step, then
        if np.abs(step).max() < 1e-7:
            break
    return b


def fit_weights(examples: Sequence[Example], prior: dict[str, float], own: Sequence[Example] = ()) -> dict[str, float]:
    """Weights by feature name (``bias`` among them), drawn to ``prior``; four decimals, as they are stored.

    ``examples`` move them; ``own``, the rows the project wrote, only resist.
    """
    names, rows = [name for name in prior if name != "bias"], [*own, *examples]
    x = _matrix(rows, names)
    y = np.array([float(one.relevant) for one in rows])
    w = np.array([one.weight for one in rows])
    found = fit(x, y, w, np.array([prior[name] for name in (*names, "bias")]), np.arange(len(rows)) < len(own))
    by_name = dict(zip((*names, "bias"), (round(float(value), 4) for value in found), strict=True))
    return {name: by_name[name] for name in prior}


def _matrix(examples: Sequence[Example], names: Sequence[str]) -> Vector:
    return np.array([[one.found.get(name, 0.0) for name in names] for one in examples], dtype=np.float64)


def scores(examples: Sequence[Example], weights: dict[str, float], threshold: float) -> Scores:
    """How ``weights`` judge the examples."""
    names = [name for name in weights if name != "bias"]
    totals = _matrix(examples, names) @ np.array([weights[name] for name in names]) + weights["bias"]
    said = 1 / (1 + np.exp(-np.clip(totals, -60, 60))) >= threshold
    true = np.array([one.relevant for one in examples])
    return Scores(
        int((said & true).sum()), int((~said & true).sum()), int((said & ~true).sum()), int((~said & ~true).sum())
    )


def _held_out(own: Sequence[Example], labelled: Sequence[Example], prior: dict[str, float], threshold: float) -> Scores:
    """How labels are judged by weights fitted without them and without what belongs to them."""
    order: dict[str, int] = {}
    fold = [order.setdefault(one.group, len(order)) % FOLDS for one in labelled]
    total = Scores(0, 0, 0, 0)
    for part in range(FOLDS):
        learned = [one for one, at in zip(labelled, fold, strict=True) if at != part]
        held = [one for one, at in zip(labelled, fold, strict=True) if at == part]
        found = scores(held, fit_weights(learned, prior, own), threshold)
        total = Scores(
            total.found + found.found, total.missed + found.missed, total.alarms + found.alarms,
            total.passed + found.passed,
        )  # fmt: skip
    return total


def _moved(before: RelevanceModel, after: dict[str, float], most: int = 8) -> tuple[tuple[str, float, float], ...]:
    changes = [
        (before.meanings.get(name, name), before.weights[name], value)
        for name, value in after.items()
        if abs(value - before.weights[name]) >= 0.05
    ]
    return tuple(sorted(changes, key=lambda change: -abs(change[2] - change[1]))[:most])
