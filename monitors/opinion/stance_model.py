"""Signs weighed into where a matter stands (进展的权重): a softmax over named signs, the rules' own answer among them.

``data/lexicon/stance.json`` holds one line per sign with a weight for each stance; ``python -m benchmarks.fit_stance
--write`` fits it on labelled reports. The rules' answer stands unless another is more likely by ``MARGIN``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitors.errors import SettingsError
from monitors.opinion.model import Stance

PATH = Path(__file__).resolve().parent.parent.parent / "data" / "lexicon" / "stance.json"
STANCES: tuple[Stance, ...] = ("unresolved", "neutral", "resolved")
MARGIN = 0.15  # how much likelier than the rules' answer another must be
BIAS = "bias"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Shares:
    """How likely each stance is, from 0 to 1; together 1."""

    unresolved: float
    neutral: float
    resolved: float

    def of(self, stance: Stance) -> float:
        return float(getattr(self, stance))

    def chosen(self, by_rules: Stance) -> Stance:
        """The likeliest stance where it is likelier than the rules' by ``MARGIN``, else the rules'."""
        best = max(STANCES, key=self.of)
        return best if self.of(best) - self.of(by_rules) > MARGIN else by_rules


@dataclass(frozen=True, slots=True)
class StanceWeights:
    """For each sign its weight towards each of ``STANCES``."""

    by_sign: Mapping[str, tuple[float, float, float]]

    def shares(self, signs: Mapping[str, float]) -> Shares:
        """The softmax of the weighed signs; a sign never seen in fitting weighs nothing."""
        sums = list(self.by_sign.get(BIAS, (0.0, 0.0, 0.0)))
        for name, value in signs.items():
            for at, weight in enumerate(self.by_sign.get(name, ())):
                sums[at] += weight * value
        top = max(sums)
        powers = [math.exp(one - top) for one in sums]
        whole = sum(powers)
        return Shares(*(power / whole for power in powers))


@cache
def shipped(path: Path = PATH) -> StanceWeights:
    """The weights as released, read once per process.

    Raises:
        SettingsError: the file is missing, changed by hand or made for another release.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        rows = {str(name): tuple(float(one) for one in row) for name, row in held["signs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"无法读取进展判定的权重 {path}：{error}") from error
    whole = held.get("format") == _FORMAT and held.pop("digest", None) == _digest(held)
    if not whole or any(len(row) != len(STANCES) for row in rows.values()):
        raise SettingsError(f"进展判定的权重 {path} 已损坏或被改动（校验值不符），请恢复随程序发布的文件")
    return StanceWeights({name: (row[0], row[1], row[2]) for name, row in rows.items()})


def written(by_sign: Mapping[str, tuple[float, float, float]]) -> str:
    """The file's text: one sign a line, with the digest."""
    whole: dict[str, Any] = {
        "format": _FORMAT,
        "stances": list(STANCES),
        "signs": {k: list(by_sign[k]) for k in sorted(by_sign)},
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in whole["signs"].items())
    return (
        f'{{\n "format": {_FORMAT},\n "stances": {json.dumps(whole["stances"])},\n "signs": {{\n{lines}\n }},\n'
        f' "digest": "{_digest(whole)}"\n}}\n'
    )


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
