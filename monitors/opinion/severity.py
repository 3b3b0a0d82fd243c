"""How grave a report or a story is: points by part, then floors (domain.md 4.2). Pure: same inputs, same answer.

Used for one report when it is judged and for a story whenever its outlets, growth or hours without answer change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from monitors import settings as _settings
from monitors.opinion.model import Level, Severity, SeverityPart

FEN_PER_WAN = 1_000_000  # 1 万元 in 分

# Act codes, gravest first: points and the words shown. ``injury`` and ``threat`` refine the table's first two rows:
# an injury scores like a death but is not one, a spoken threat scores like the act but is not under way.
ACT_POINTS: dict[str, tuple[int, str]] = {
    "death": (40, "有人死亡"),
    "injury": (40, "有人受伤或自焚"),
    "extreme": (32, "高空、跳楼、服毒等极端行为"),
    "threat": (32, "扬言采取极端行为"),
    "blockade": (28, "堵路、围堵或打砸"),
    "gathering": (20, "聚集、横幅或集访"),
    "stoppage": (15, "停工罢工"),
    "complaint": (5, "投诉反映"),
}
ACT_NAMES: dict[str, str] = {code: words for code, (_, words) in ACT_POINTS.items()}

# (from, points), rising; below the first nothing.
_WORKERS = ((1, 3), (10, 8), (30, 12), (50, 16), (100, 20))
_AMOUNT_WAN = ((0, 2), (5, 4), (10, 6), (100, 8), (500, 10))
_OUTLETS = ((1, 2), (2, 6), (5, 10), (10, 13), (20, 15))
_NATIONAL = 5
_GROWTH, _QUICK = (1.5, 3), (3, 5)  # (times, points): from the first on, beyond the second
_UNANSWERED = (48, 5)  # (hours, points)
_PUBLIC, _FESTIVAL, _SETTLED = 5, 5, -20
MOST = 100  # the sum is capped


@dataclass(frozen=True, slots=True)
class SeverityInputs:
    """What severity is computed from.

    ``acts``: codes of ``ACT_POINTS``, only acts of this event (not denied, not averted targets, not years ago).
    ``workers`` persons, ``amount_fen`` 分: None where not stated. ``outlets_24h``: distinct outlets in the last 24 h.
    ``growth``: articles of the last 6 h over those of the 6 h before, None with fewer than 3 articles.
    ``hours_without_response``: since first publication while no official answer is known, else None.
    ``days_to_festival``: days until the next Spring Festival, None when unknown.
    ``gathered``: persons gathered; ``visiting_province``: persons petitioning at provincial offices.
    ``in_province_claim``: a specific claim of arrears in the province. ``listed_only``: 背景 or 外省, never above 关注.
    """

    acts: tuple[str, ...] = ()
    workers: int | None = None
    amount_fen: int | None = None
    outlets_24h: int = 1
    national_outlet: bool = False
    growth: float | None = None
    hours_without_response: float | None = None
    public_project: bool = False
    days_to_festival: int | None = None
    settled: bool = False
    in_province_claim: bool = False
    gathered: int | None = None
    visiting_province: int | None = None
    listed_only: bool = False


def _step(value: float, steps: tuple[tuple[int, int], ...]) -> int:
    points = 0
    for at, given in steps:
        if value >= at:
            points = given
    return points


def _band(value: float, steps: tuple[tuple[int, int], ...], unit: str) -> str:
    """The row of the table a value falls into, as shown: ``10–29人``."""
    for (low, _), (high, _) in pairwise(steps):
        if low <= value < high:
            last = high - 1 if unit != "万元" else high
            return f"不足{high}{unit}" if low == 0 else f"{low}{unit}" if low == last else f"{low}–{last}{unit}"
    return f"{steps[-1][0]}{unit}以上"


def yuan(amount_fen: int) -> str:
    """An amount as duty staff read it: ``12.6万元``, ``3,500元``."""
    if amount_fen >= FEN_PER_WAN:
        return f"{amount_fen / FEN_PER_WAN:,.4f}".rstrip("0").rstrip(".") + "万元"
    return f"{amount_fen / 100:,.2f}".removesuffix(".00") + "元"


def _parts(inputs: SeverityInputs, rules: _settings.Severity) -> Iterator[SeverityPart]:  # noqa: C901 - a table
    known = [code for code in ACT_POINTS if code in inputs.acts]
    if known:
        points, words = ACT_POINTS[known[0]]
        yield SeverityPart("E", points, words)
    if inputs.workers:
        yield SeverityPart(
            "N", _step(inputs.workers, _WORKERS), f"涉及{inputs.workers}人（{_band(inputs.workers, _WORKERS, '人')}）"
        )
    if inputs.amount_fen:
        wan = inputs.amount_fen / FEN_PER_WAN
        yield SeverityPart(
            "A", _step(wan, _AMOUNT_WAN), f"欠薪{yuan(inputs.amount_fen)}（{_band(wan, _AMOUNT_WAN, '万元')}）"
        )
    if inputs.outlets_24h > 0:
        yield SeverityPart("M", _step(inputs.outlets_24h, _OUTLETS), f"24小时内{inputs.outlets_24h}家媒体")
    if inputs.national_outlet:
        yield SeverityPart("M", _NATIONAL, "全国性媒体或热搜")
    if inputs.growth is not None and inputs.growth >= _GROWTH[0]:
        points = _QUICK[1] if inputs.growth > _QUICK[0] else _GROWTH[1]
        yield SeverityPart("G", points, f"近6小时报道为前6小时的{inputs.growth:.1f}倍")
    if inputs.hours_without_response is not None and inputs.hours_without_response > _UNANSWERED[0]:
        yield SeverityPart("G", _UNANSWERED[1], f"{int(inputs.hours_without_response)}小时未见官方回应")
    if inputs.public_project:
        yield SeverityPart("B", _PUBLIC, "政府、PPP或国企项目")
    if inputs.days_to_festival is not None and 0 <= inputs.days_to_festival <= rules.festival_days:
        yield SeverityPart("B", _FESTIVAL, f"距春节{inputs.days_to_festival}天")
    if inputs.settled:
        yield SeverityPart("B", _SETTLED, "工资已确认解决")


def table(rules: _settings.Severity) -> tuple[SeverityPart, ...]:
    """Every row by which points are given, ``why`` saying when: what ``assess`` computes with, for people to read."""
    return (
        *(SeverityPart("E", points, words) for points, words in ACT_POINTS.values()),
        *(SeverityPart("N", points, _band(low, _WORKERS, "人")) for low, points in _WORKERS),
        *(SeverityPart("A", points, _band(low, _AMOUNT_WAN, "万元")) for low, points in _AMOUNT_WAN),
        *(SeverityPart("M", points, f"24小时内{_band(low, _OUTLETS, '家')}媒体") for low, points in _OUTLETS),
        SeverityPart("M", _NATIONAL, "全国性媒体或热搜，另加"),
        SeverityPart("G", _GROWTH[1], f"近6小时报道为前6小时的{_GROWTH[0]}–{_QUICK[0]}倍"),
        SeverityPart("G", _QUICK[1], f"近6小时报道超过前6小时的{_QUICK[0]}倍"),
        SeverityPart("G", _UNANSWERED[1], f"首发超过{_UNANSWERED[0]}小时未见官方回应，另加"),
        SeverityPart("B", _PUBLIC, "政府、PPP或国企项目"),
        SeverityPart("B", _FESTIVAL, f"距春节{rules.festival_days}天以内，另加"),
        SeverityPart("B", _SETTLED, "工资已确认解决，另减"),
    )


@dataclass(frozen=True, slots=True)
class Floor:
    """A level nothing may fall below: where ``of`` the inputs (a count, or whether) is ``least`` … below ``under``.

    ``{}`` in ``words`` is the count with its ``unit``.
    """

    level: Level
    words: str
    of: Callable[[SeverityInputs], int | None]
    least: int = 1
    under: int | None = None
    unit: str = ""

    @property
    def when(self) -> str:
        """The rule as the table says it: ``聚集50–199人``."""
        return self.words.format(f"{self.least}–{self.under - 1}{self.unit}" if self.under else self._from)

    def holds(self, inputs: SeverityInputs) -> str:
        """The reason why this level is the least, ``""`` where the rule does not apply."""
        count = self.of(inputs) or 0
        if count < self.least or (self.under is not None and count >= self.under):
            return ""
        told = self.words.format(f"{count}{self.unit}") + (f"（{self._from}）" if self.unit else "")
        return f"{told}，不低于{_NUMERALS[self.level]}级"

    @property
    def _from(self) -> str:
        return f"{self.least}{self.unit}以上"


_NUMERALS: dict[Level, str] = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ"}


def _gathered(inputs: SeverityInputs) -> int | None:
    return inputs.gathered


FLOORS: tuple[Floor, ...] = (
    Floor("I", "有人死亡", lambda inputs: "death" in inputs.acts),
    Floor("I", "聚集{}", _gathered, 200, unit="人"),
    Floor("II", "出现极端行为", lambda inputs: "extreme" in inputs.acts),
    Floor("II", "聚集{}", _gathered, 50, 200, unit="人"),
    Floor("II", "堵路或围堵办公场所", lambda inputs: "blockade" in inputs.acts),
    Floor("II", "{}到省上访", lambda inputs: inputs.visiting_province, 5, unit="人"),
    Floor("III", "聚集{}", _gathered, 10, 50, unit="人"),
    Floor("III", "全国性媒体报道", lambda inputs: inputs.national_outlet),
    Floor("III", "{}媒体报道", lambda inputs: inputs.outlets_24h, 5, unit="家"),
    Floor("IV", "省内具体欠薪诉求", lambda inputs: inputs.in_province_claim),
)


def _floors(inputs: SeverityInputs) -> Iterator[tuple[Level, str]]:
    return ((floor.level, why) for floor in FLOORS if (why := floor.holds(inputs)))


_ORDER: tuple[Level, ...] = ("I", "II", "III", "IV", "关注")


def level_of(score: int, rules: _settings.Severity) -> Level:
    """The level a score alone gives."""
    bounds: tuple[tuple[int, Level], ...] = (
        (rules.level_1, "I"),
        (rules.level_2, "II"),
        (rules.level_3, "III"),
        (rules.level_4, "IV"),
    )
    return next((level for bound, level in bounds if score >= bound), "关注")


def assess(inputs: SeverityInputs, rules: _settings.Severity) -> Severity:
    """Score = E + N + A + M + G + B, capped to 0–100, raised to the highest floor; every part with its reason.

    A settlement lowers the score, never a floor: that takes a named reviewer. ``floors`` holds the floors that count,
    i.e. those above the level of the score; ``listed_only`` keeps the score but never rises above 关注.
    """
    parts = tuple(_parts(inputs, rules))
    score = max(0, min(MOST, sum(part.points for part in parts)))
    if inputs.listed_only:
        return Severity(score, "关注", parts, ("背景或外省信息，只列入关注",))
    level = level_of(score, rules)
    floors = tuple(_floors(inputs))
    held = tuple(words for floor, words in floors if _ORDER.index(floor) < _ORDER.index(level))
    highest = min((floor for floor, _ in floors), key=_ORDER.index, default=level)
    return Severity(score, min(level, highest, key=_ORDER.index), parts, held)
