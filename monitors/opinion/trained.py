"""The office's own weights of the relevance features (本单位训练的权重), beside the shipped ones: one readable file.

``data_dir/models/relevance.json`` is written by ``training`` and obeyed only while it is whole and fits this release:
its digest, the names of the features, and the shipped words and weights it was fitted against. Anything else, and the
shipped weights judge; the doctor says why.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from monitors.clock import local
from monitors.errors import MonitorsError, reason
from monitors.finding import Finding
from monitors.opinion import lexicon, relevance, rule_version
from monitors.opinion.relevance import RelevanceModel
from monitors.settings import Settings

_FORMAT = 1


class TrainedError(MonitorsError):
    """The file cannot be obeyed; the shipped weights are used instead. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The weights to judge by and the version written on every judgement. ``fault``: why not the office's, if so."""

    model: RelevanceModel
    version: str
    trained_at: str = ""  # ISO time; ``""`` for the shipped weights
    labels: int = 0
    fault: str = ""

    @property
    def words(self) -> str:
        """Which weights these are, for a screen."""
        if self.fault:
            return f"{self.fault}，现用随程序发布的权重（{self.version}）"
        if not self.trained_at:
            return f"随程序发布的权重（{self.version}）"
        at = local(datetime.fromisoformat(self.trained_at))
        return f"本单位 {at:%Y-%m-%d} 训练的权重（{self.version}，标注 {self.labels} 条）"


@cache
def shipped_digest() -> str:
    """SHA-256 of the shipped words and weights: weights fitted against others do not fit.

    Asked once per process, which goes on with what it has read while an upgrade replaces the files.
    """
    digest = hashlib.sha256()
    for path in (lexicon.PATH, relevance.PATH):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def shipped_version() -> str:
    """The rules as released, weights included: a changed rule, word or weight is another model."""
    return rule_version.present()


def artefact_path(settings: Settings) -> Path:
    """Where the office's own weights lie, whether or not there are any."""
    return settings.data_dir / "models" / "relevance.json"


def write(path: Path, content: Mapping[str, Any]) -> str:
    """Put the artefact in place in one step, with its digest, which is returned.

    Raises:
        TrainedError: the disk refused.
    """
    whole = {"format": _FORMAT, **content}
    digest = _digest(whole)
    spare = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with spare.open("w", encoding="utf-8") as file:
            file.write(json.dumps(whole | {"digest": digest}, ensure_ascii=False, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
    except OSError as error:
        with suppress(OSError):
            spare.unlink()
        raise TrainedError(f"无法写入训练结果 {path}：{reason(error)}") from error
    return digest


def discard(path: Path) -> None:
    """Remove the artefact: the shipped weights judge from the next batch on.

    Raises:
        TrainedError: the disk refused.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TrainedError(f"无法删除训练结果 {path}：{reason(error)}") from error


def read(path: Path, shipped: RelevanceModel) -> Chosen:
    """The office's own weights.

    Raises:
        TrainedError: the file is unreadable, changed since it was written, or made for another release.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "不是完整的 JSON"
        raise TrainedError(f"训练结果 {path.name} 无法读取（{why}）") from error
    if not isinstance(held, dict) or held.pop("digest", None) != _digest(held) or held.get("format") != _FORMAT:
        raise TrainedError(f"训练结果 {path.name} 已损坏或被改动（校验值不符）")
    if held.get("shipped") != shipped_digest():
        raise TrainedError(f"训练结果 {path.name} 是用另一版词库和权重训练的")
    weights: dict[str, Any] = held.get("weights") or {}
    if not _fits(weights, shipped):
        raise TrainedError(f"训练结果 {path.name} 的特征与本程序不一致")
    model = RelevanceModel({name: float(value) for name, value in weights.items()}, shipped.meanings)
    version = f"{shipped_version()}·本地 {_digest(held)[:8]}"
    return Chosen(model, version, str(held.get("trained_at", "")), int(held.get("labels", 0)))


def _fits(weights: Mapping[str, Any], shipped: RelevanceModel) -> bool:
    return weights.keys() == shipped.weights.keys() and all(
        isinstance(value, int | float) and math.isfinite(value) for value in weights.values()
    )


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def choose(settings: Settings) -> Chosen:
    """The office's own weights where they hold, else the shipped ones with the reason in ``fault``.

    Raises:
        SettingsError: the shipped weights cannot be read.
    """
    shipped = RelevanceModel.load()
    path = artefact_path(settings)
    if not path.exists():
        return Chosen(shipped, shipped_version())
    try:
        return read(path, shipped)
    except TrainedError as error:
        return Chosen(shipped, shipped_version(), fault=str(error))


class Weights:
    """What the judge weighs by, always one whole ``Chosen``: a newly trained file is taken up by one assignment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen = self._state()
        self._chosen = choose(settings)

    def present(self) -> Chosen:
        """The weights in force. Looks at the file's size and time (microseconds), and reads it when they moved."""
        state = self._state()
        if state != self._seen:
            self._chosen, self._seen = choose(self._settings), state
        return self._chosen

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = artefact_path(self._settings).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def examine(settings: Settings) -> Finding:
    """What the doctor says of the weights in force."""
    chosen = choose(settings)
    if not chosen.fault:
        return Finding("研判模型", "正常", f"使用{chosen.words}")
    mend = "重新训练：python -m monitors train；或恢复出厂权重：python -m monitors train --shipped"
    return Finding("研判模型", "注意", chosen.words, mend)
