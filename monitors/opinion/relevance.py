"""Is a report about wages owed? A logistic sum over named features, each a rule a person can read.

The weights stand in ``data/lexicon/relevance.csv`` with the meaning of every feature; ``benchmarks/fit_relevance.py``
fits them. A context that speaks against (abroad, sport, another debt) lowers the sum; none of them vetoes.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from monitors.errors import SettingsError
from monitors.opinion import labour
from monitors.opinion.lexicon import Hit
from monitors.opinion.mentions import FIRM, WORKED, Mention, Reading, touching

PATH = Path(__file__).resolve().parent.parent.parent / "data" / "lexicon" / "relevance.csv"
_LEAD = 90  # characters of the text that open a report
_LONG = 300  # a text longer than this can mention wages in passing
_QUESTION = re.compile("如何看待|为什么|怎么(?!也|都)|哪些|如何|什么|吗[？?]?$|[？?]")
_PERIOD = re.compile(
    "[0-9一二两三四五六七八九十半几数多][0-9]{0,3}(?:个)?(?:多)?(?:月|年|天|周)|至今|多年|半年|数月|年底|春节|过年"
)
_MONEY = re.compile("[0-9一二三四五六七八九十百千两几数][0-9.]{0,8}[余多]?(?:万|亿|千)?余?(?:元|块|万|亿)")
_PEOPLE = re.compile("[0-9一二三四五六七八九十百两几数][0-9]{0,5}[余多]?(?:名|位|个|人)")
_STILL = re.compile("至今|仍|多次|无果|未果|拖了|一直|迟迟|分文|推脱|推诿|失联|跑路|联系不上|不接|没有结果|一拖再拖")
_POLICY = re.compile(
    "推进会|专项行动|部署|条例|宣传|冬季行动|攻坚行动|专项治理|督查|典型案例|黑名单|保证金制度|长效机制|联合下发|联合发布|工作会议"
)
_WAGE = "(?:工资|工钱|薪|血汗钱|辛苦钱|劳动报酬|劳务费)"
_PAYEE = (
    "(?:农民工|民工|工人|工友|职工|员工|劳动者|师傅|[0-9一二两三四五六七八九十百几数][0-9一二三四五六七八九十百]{0,5}[余多]?[名位个人]"
    "[^，。！？；]{0,4}?(?:工|员|人|乡|民|师)|施工队|装修队|班组)"
)
_PAID_TO = re.compile(
    f"{_PAYEE}[^。！？；]{{0,12}}?(?:拿到|领到|领完|领回|喜领|讨回|追回|要回|补发|兑付|结清|付清|送到|发到)[^，。！？；]{{0,8}}?(?:{_WAGE}|执行款|案款|[0-9.]{{1,12}}万)"
    f"|(?:垫付|讨回|要回)[^，。！？；]{{0,14}}?(?:{_WAGE}|欠薪)"
    f"|(?:追回|补发|兑付)[^，。！？；]{{0,8}}?{_PAYEE}[^，。！？；]{{0,4}}?(?:{_WAGE}|欠薪)"
    f"|(?:工资|执行|案|工钱)款?[^，。！？；]{{0,16}}?(?:发到|交到|送到|交给|打给|发给)[^，。！？；]{{0,8}}?{_PAYEE}"
    f"|{_PAYEE}[^。！？；]{{0,14}}?{_WAGE}[^，。！？；]{{0,6}}?(?:(?:全部|悉数|如数|全额|足额)(?:到账|发放|领)|一次结清|当场结清|全部付清|送到|转账|发到)"
    f"|{_WAGE}[^，。！？；]{{0,6}}?(?:讨|要|追)回来|(?:把|将){_WAGE}[^，。！？；]{{0,8}}?(?:送到|发到|交到)|{_PAYEE}[^，。！？；]{{0,4}}(?:领到?了?钱(?:回家|后)|拿到了?钱(?!吗|就|才))"
)
_PAID_REACH = 160  # a text that reports a payment says so at its start
# 从事…研究, a survey or a book: the subject is the study, no case.
_STUDY = re.compile(
    "研究(?:述评|综述|基于|发现|表明|显示|指出|运用|报告)|论文|述评|文献|(?<!事)实证|[课选]题组|学位|专著|口述|地方志|契约(?:文书|[0-9一二三四五六七八九十]{1,12}[件份])|史料|新书|史研究|近代|清末|民初|旧社会|解放前|老照片|课题组"
)
# Somebody plays the unpaid worker: for alms, for clicks, for the price of materials.
_STAGED = re.compile(
    "(?:冒充|假扮|扮成|扮演?|假借|假冒|谎称|编造|虚构|伪装)[^。！？；]{0,16}?(?:讨薪|欠薪|工资|工钱|农民工|民工|工人)"
    "|(?:编造|摆拍|虚构)[^。！？；]{0,24}?(?:视频|谣言|信息|剧情|段子)"
    "|(?:实为|实际上?是|实系|目的是|其实是)[^。！？；]{0,8}?(?:索要|讨要|追讨|要|为)?[^，。！？；]{0,4}(?:材料款|货款|工程款|钢材款|设备款|机械款|租金|利润|债)"
    "|(?:自称|声称|实为|其实)[^。！？]{0,24}?(?:剧本|摆拍|带货|炒作|引流)"
)
_ADVICE = re.compile(
    "(?:如何|怎么|怎样)(?:避免被|防止被|避免遭|维权|应对|追讨|要回|讨要)|看这|记住|这[0-9一二两三四五六七八九十几]{1,12}[步招点条个]|攻略|避坑|贴士|支招|指南|注意事项|教你|该怎么"
)
_HIRED = re.compile("(?:雇|组织|花钱请|召集|招募)[^。！？；]{0,14}?(?:扮|冒充|装作|充当|假装|穿工装)")
_AT_HOME = re.compile(
    "农民工|(?<!移)民工|中国|我国|国内|国人|华工|中企|中资|(?<![多各该外几本])省|县|自治|[市区](?:人|法院|政府|检)|人社|劳动监察|公安|云南"
)
_PLOT = re.compile("剧中|剧里|片中|桥段|情景剧|相声|该剧|荧屏|男主|女主|热播|小说改编")
_NOT_NOW = frozenset(("negated", "denied", "past"))
_LISTED = re.compile("[、和及]")


@dataclass(frozen=True, slots=True)
class Document:
    """What the features look at: both fields read, and the head (the title, or the opening of the text)."""

    title: Reading
    text: Reading

    @property
    def head_is_title(self) -> bool:
        return bool(self.title.view.text.strip())

    def in_head(self, where: str, start: int) -> bool:
        return where == "title" or (not self.head_is_title and start < _LEAD)


def _firm(mentions: tuple[Mention, ...]) -> list[Mention]:
    return [m for m in mentions if m.strength >= FIRM and m.mood != "negated"]


def features(document: Document) -> dict[str, float]:  # noqa: PLR0915 - one line per feature is the readable form
    """The named features of a report, 0…1 each (counts are squeezed)."""
    title, text = document.title, document.text
    t_all, x_all = title.mentions, text.mentions
    t_firm, x_firm = _firm(t_all), _firm(x_all)
    length = len(text.view.text)
    lead = [m for m in x_firm if m.start < _LEAD]
    t_text, x_text = title.view.text, text.view.text
    head_text = t_text or x_text[:_LEAD]
    near = [x_text[max(0, m.start - 60) : m.end + 60] for m in x_firm[:6]]
    around = t_text + "\n" + "\n".join(near)
    t_debts, x_debts = title.debts, text.debts
    head = title if document.head_is_title else text
    head_end = len(t_text) if document.head_is_title else _LEAD

    def head_has(group: str) -> bool:
        return any(hit.start < head_end for hit in head.of(group))

    def beside(group: str, reach: int) -> bool:
        return any(text.near(group, m, reach) for m in x_firm[:6]) or (bool(t_firm) and bool(title.of(group)))

    worker = beside("worker", 30)
    count = len(x_firm)
    found: dict[str, float] = {}
    found["title_firm"] = float(bool(t_firm))
    found["title_plain"] = float(any(m.strength >= 1.0 and m.kind != "claim" for m in t_firm))
    found["title_compound"] = float(any(m.kind == "compound" for m in t_firm))
    found["title_weak"] = float(bool(t_all) and not t_firm)
    found["text_tells"] = float(
        bool(t_firm and not x_firm and length) and bool(WORKED.search(x_text, 0, _PAID_REACH)) and _tells(x_text)
    )
    found["lead_firm"] = float(bool(lead))
    found["text_firm"] = float(bool(x_firm))
    found["text_firm_2"] = float(count >= 2)
    found["text_firm_4"] = float(count >= 4)
    found["text_weak"] = float(bool(x_all) and not x_firm)
    found["dense"] = min(1.0, 150.0 * count / max(150, length))
    found["passing"] = float(bool(x_firm) and not t_firm and not lead and length > _LONG and count <= 2)
    found["buried"] = float(bool(x_firm) and not t_firm and min(m.start for m in x_firm) > 400)
    found["topic_title"] = float(bool(title.of("topic")))
    found["topic_lead"] = float(any(hit.start < _LEAD for hit in text.of("topic")))
    found["topic_text"] = min(1.0, len(text.of("topic")) / 2)
    found["crime"] = float(
        any(h.term.text.startswith("拒不支付劳动报酬") for h in (*title.of("crime"), *text.of("crime")))
    )
    found["worker_near"] = float(worker)
    found["worker_text"] = float(bool(x_firm) and len(text.of("worker")) >= 2)
    found["worker_title"] = float(bool(title.of("worker")))
    found["still_unpaid"] = float(bool((t_firm or x_firm) and _STILL.search(around)))
    found["paid_title"] = float(bool(_PAID_TO.search(t_text)) and not t_firm)
    opens = not (t_firm or lead or found["paid_title"]) and any(
        hit.start < _PAID_REACH for group in ("paid", "claim", "resolution") for hit in text.of(group)
    )
    found["paid_lead"] = float(opens and bool(_PAID_TO.search(x_text, 0, _PAID_REACH)))
    found["money_near"] = float(bool((t_firm or x_firm) and _MONEY.search(around)))
    found["people_near"] = float(bool((t_firm or x_firm) and _PEOPLE.search(around)))
    found["period_near"] = float(bool((t_firm or x_firm) and _PERIOD.search(around)))
    found["petition"] = float(len(text.of("petition")) >= 2)
    found["petition_firm"] = found["petition"] * float(bool(t_firm or lead))
    found["official_near"] = float(beside("official", 60) or beside("court", 60))
    found["act_near"] = float(beside("extreme", 60) or beside("protest", 40))
    found["sector_near"] = float(beside("sector", 40))
    found["policy_near"] = float(bool((t_firm or x_firm or title.of("topic")) and _POLICY.search(around)))
    found["preventive_only"] = float(bool(t_firm or x_firm) and all(m.mood == "preventive" for m in (*t_firm, *x_firm)))
    found["negated"] = float(any(m.mood == "negated" for m in (*t_all, *x_all)))
    found["negated_only"] = float(bool(t_all or x_all) and all(m.mood == "negated" for m in (*t_all, *x_all)))
    found["supposed_only"] = float(bool(t_firm or x_firm) and all(m.mood == "supposed" for m in (*t_firm, *x_firm)))
    found["past_only"] = float(bool(t_firm or x_firm) and all(m.mood == "past" for m in t_firm or x_firm))
    opening = t_text + "\n" + x_text[:_PAID_REACH]
    found["study_head"] = float(bool(t_firm or x_firm) and bool(_STUDY.search(opening)))
    found["staged"] = float(bool(t_firm or x_firm) and bool(_STAGED.search(opening) or _HIRED.search(opening)))
    found["advice_head"] = float(bool(t_firm or x_firm) and bool(_ADVICE.search(head_text)) and not _tells(x_text))
    found["denied"] = float(any(m.mood == "denied" for m in (*t_all, *x_all)))
    found["debt_title"] = float(bool(t_debts) and not t_firm)
    found["debt_title_word"] = float(bool(title.of("other_debt")) and not t_firm)
    found["debt_more"] = float(len(x_debts) > count)
    found["debt_topic"] = float(
        bool(title.of("other_debt") and title.of("topic"))
        and not (t_firm or x_firm or title.of("worker") or text.of("worker") or title.of("pay") or text.of("pay"))
    )
    found["debt_many"] = float(len(x_debts) >= 3)
    found["debt_lead"] = float(any(m.start < _LEAD for m in x_debts) and not lead)
    found["listed"] = float(
        bool(x_firm) and not t_firm and all(_LISTED.search(x_text[max(0, m.start) : m.end + 2]) for m in x_firm)
    )
    found["abroad_head"] = float(head_has("abroad"))
    found["abroad_only"] = float(head_has("abroad") and not _AT_HOME.search(t_text + x_text[:_PAID_REACH]))
    found["abroad_near"] = float(beside("abroad", 60))
    found["sport_head"] = float(head_has("sport"))
    found["sport_near"] = float(beside("sport", 60))
    found["show_head"] = float(head_has("show"))
    found["show_near"] = float(beside("show", 40))
    found["reverse"] = float(bool(title.of("reverse") or text.of("reverse")))
    found["sport_only"] = float((head_has("sport") or beside("sport", 60)) and not _has_worker(title, text))
    found["fiction_near"] = float(bool(x_firm or t_firm) and bool(_PLOT.search(around) or _PLOT.search(t_text)))
    found["family_head"] = float(head_has("family"))
    found["family_near"] = float(beside("family", 40))
    by_worker = bool(x_all or t_all) and _sweat_by_worker(title, text)
    found["sweat_alone"] = float(not t_firm and not x_firm and bool(t_all or x_all) and not by_worker)
    found["sweat_worker"] = float(by_worker)
    found["scam_head"] = float(head_has("scam"))
    found["fiction_head"] = float(head_has("fiction"))
    found["contrary_head"] = float(head_has("contrary") and not t_firm)
    found["question_head"] = float(bool(_QUESTION.search(head_text)))
    found["title_only"] = float(length == 0)
    found["title_silent"] = float(document.head_is_title and not t_all and not title.of("topic") and bool(x_firm))
    found["owe_title"] = float(bool(title.of("owe")) and not t_firm)
    found["pay_title"] = float(any(h.term.text not in ("钱", "薪") for h in title.of("pay")) and not t_firm)
    told_plainly = t_firm or lead or found["paid_title"] or found["paid_lead"] or found["topic_title"]
    moods = {m.mood for m in (*t_all, *x_all)}
    passing = x_firm and length > _LONG  # plain words deep in a long text are weighed as such
    account = None if told_plainly or moods & _NOT_NOW else labour.find(title, text)
    if account and passing and account.field == "text":
        account = None
    found["work_owed"] = account.strength if account and account.outcome == "owed" else 0.0
    found["work_paid"] = account.strength if account and account.outcome == "paid" else 0.0
    found["work_late"] = min(1.0, account.start / _LONG) if account and account.field == "text" else 0.0
    found["work_passing"] = account.strength * (length > _LONG and account.times < 4) if account else 0.0
    found["pay_rules"] = float(not told_plainly and labour.rules(head_text, t_text + "\n" + x_text[:_PAID_REACH]))
    told = told_plainly or found["pay_rules"] or (account and account.strength >= labour.PLAIN)
    found["nothing"] = float(not t_all and not x_all and not told)
    return found


def _tells(text: str) -> bool:
    """How long, how many or how much stands at the text's start: an account of a case, not a remark."""
    return any(pattern.search(text, 0, _PAID_REACH) for pattern in (_PERIOD, _MONEY, _PEOPLE))


def _has_worker(title: Reading, text: Reading) -> bool:
    """Whether anybody beside athletes and their trainers works there."""
    return any(hit.term.text not in ("教练", "主播") for hit in (*title.of("worker"), *text.of("worker")))


def _sweat_by_worker(title: Reading, text: Reading) -> bool:
    """血汗钱 beside a worker, with nobody's savings or purchase beside it."""
    for reading in (title, text):
        claimed = {mention.end for mention in reading.mentions if mention.kind == "claim"}
        for hit in reading.of("core"):
            if hit.term.text != "血汗钱":
                continue
            if _begins_near(reading.of("worker"), hit, 90 if hit.end in claimed else 40) and not _begins_near(
                reading.of("family"), hit, 60
            ):
                return True
    return False


def _begins_near(hits: tuple[Hit, ...], hit: Hit, reach: int) -> bool:
    near = touching(hits, hit.start - reach, hit.start + reach)
    return any(abs(one.start - hit.start) <= reach for one in near)


@dataclass(frozen=True, slots=True)
class Relevance:
    """0…1 and the features behind it, most telling first: (name, Chinese meaning, contribution)."""

    value: float
    reasons: tuple[tuple[str, str, float], ...]


class RelevanceModel:
    """Weights by feature name. Immutable, pure."""

    def __init__(self, weights: dict[str, float], meanings: dict[str, str]) -> None:
        self.weights = weights
        self.meanings = meanings

    @classmethod
    def load(cls, path: Path = PATH) -> RelevanceModel:
        """Read the weights.

        Raises:
            SettingsError: the file is missing or a weight is no number.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
            weights = {row["feature"]: float(row["weight"]) for row in rows}
            meanings = {row["feature"]: row["meaning"] for row in rows}
        except (OSError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
            raise SettingsError(f"无法读取相关性权重 {path}：{error}") from error
        return cls(weights, meanings)

    def score(self, found: dict[str, float]) -> Relevance:
        """The logistic sum of the features found."""
        parts = [(name, self.weights.get(name, 0.0) * value) for name, value in found.items() if value]
        total = self.weights.get("bias", 0.0) + sum(part for _, part in parts)
        parts.sort(key=lambda part: -abs(part[1]))
        reasons = tuple(
            (name, self.meanings.get(name, name), round(part, 3)) for name, part in parts if abs(part) >= 0.2
        )
        return Relevance(_logistic(total), reasons)


def _logistic(total: float) -> float:
    if total >= 0:
        return 1.0 / (1.0 + math.exp(-min(total, 60.0)))
    power = math.exp(max(total, -60.0))
    return power / (1.0 + power)
