"""One line of the doctor's report (体检), and the rule that a check that fails is a line too, never a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from monitors.errors import MonitorsError

State = Literal["正常", "注意", "故障"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``words``: what is; ``advice``: what to do, empty where nothing is to be done."""

    part: str
    state: State
    words: str
    advice: str = ""

    @property
    def failed(self) -> bool:
        return self.state == "故障"

    @property
    def line(self) -> str:
        return f"[{self.state}] {self.part}：{self.words}" + (f"\n       建议：{self.advice}" if self.advice else "")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def guarded(part: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What the check found; where it failed itself, a finding that says so."""
    try:
        return list(check())
    except MonitorsError as error:
        return [Finding(part, "故障", str(error))]
    except Exception as error:  # noqa: BLE001 - the doctor must report whatever it meets
        return [Finding(part, "故障", f"检查时出错：{type(error).__name__} {str(error)[:200]}", "请联系管理员")]
