"""Where a text speaks of wages owed, claimed or paid: a small grammar over the lexicon's hits.

A *mention* is a compound word (欠薪, 讨薪) or a wage word with a problem or a claim within a few characters and
no sentence end between (拖欠…工资, 工资…没发). Debts that are not wages (货款, 片酬) are mentions of their own, so
that rules can weigh one against the other. Every look is bounded: the cost is linear in the number of hits.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal

from monitors.opinion.lexicon import Hit, Lexicon
from monitors.opinion.normalise import View
from monitors.opinion.normalise import view as make_view

_START, _END = attrgetter("start"), attrgetter("end")

MentionKind = Literal["compound", "owe", "claim", "debt"]
Mood = Literal["stated", "negated", "preventive", "denied", "supposed", "past"]

_NEAR = 8  # characters between the two words of a plain mention
_FAR = 26  # …of a mention with a long object between (拖欠我们施工班组三十余人的工资)
_SUM = re.compile("[^，。！？；0-9]{0,4}[0-9一二两三四五六七八九十百千几数][0-9.]{0,7}[多余]?[万千百元块亿]")
FIRM = 0.65  # at and above this strength a mention counts as plain
_STOP = re.compile("[。！？；\n]")
_COMMA = re.compile("[，：]")
_JOINED = re.compile("[和及与、加或并跟同以]|工程款")
_NEGATED = re.compile(
    "(?:没有|没|未|不|无|零|从不|从未|并未|未曾|不存在|不再|不会|并没有|没有任何|不存在任何|从来没有|从没)"
    "(?:再|有|任何|一分钱|过|一例)?$"
)
_PREVENTIVE = re.compile(
    "(?:防止|避免|杜绝|防范|预防|不得|严禁|不准|禁止|以免|免得|遏制|不能|不许|严防|打击|整治|治理|根治|清理|查处|惩治|惩处|严惩|解决|化解|排查|摸排|检查|抽查)"
    "[^，。！？；]{0,6}$|(?:防止|避免|杜绝|防范|不得|严禁|不准|禁止|严防)[^，。！？；]{0,20}$"
)
_WARDED = re.compile("杜绝|防止|避免|严禁|防范|未(?:见|发现|出现|发生)")
# An inspection that found none is the office's own account, not one employer's word.
_INSPECTED = re.compile("(?:(?:未|没有|没)(?:发现|出现|发生)|未见|无一起|无一例)[^，。！？；]{0,14}$")
_PREVENTIVE_AFTER = re.compile(
    "(?:的)?(?:问题)?(?:治理|整治|隐患|防治|源头|预防|专项|冬季|夏季)"
    "|(?:的)?(?:问题)?(?:投诉|举报|维权|反映|线索|的){0,6}(?:电话|热线|渠道|平台|专线|窗口)|(?:怎么|如何|到哪|去哪)(?:反映|投诉|举报)|[^，。！？；]{0,2}零容忍|应急(?:垫付|保障|处置|预案|周转)"
)
_PLEDGED_AFTER = re.compile("^(?:的)?(?:情况)?(?:承诺|倡议|责任|创建|目标|公约)")
_DENIED_AFTER = re.compile(
    "^[^。！？；]{0,10}(?:不属实|实为|其实是工程款|系工程款|不实|谣言|不存在|是假的|系误传|没有依据|并非事实)"
)
_DENIED_BEFORE = re.compile(
    "(?:否认|辟谣|不存在|并非|不是)[^，。！？；]{0,8}$"
    "|(?:声明|否认|回应|声称|称|坚称|辩称)[^。！？；]{0,8}(?:从未|没有|并未|未|从没|不曾)[^，。！？；]{0,4}$"
)
# Years ago, in a life that has gone on since; what is still owed or was won back is a report of today.
_PAST_BEFORE = re.compile(
    "(?:曾经?(?!多次|数次|先后|承诺|答应|表示|向|到|找)[^，。！？；]{0,8}|(?:当年|早年|昔日|年轻时|那些年|旧时|从前|遇到过|经历过|碰到过|回忆|往事|岁月|解放前|旧社会|清末|清代|民国|"
    "(?<![0-9一二三四五六七八九十])(?:[五六七八九十]|[一二三四五六七八九]?十[一二三四五六七八九]?|[5-9]|[1-9][0-9]|多)(?:多|余|来)?年前)[^。！？；]{0,16})$"
)
_AWAY = re.compile("[^，。！？；]{0,6}(?:到|逃|走|出来|起步)")
_LIVES_ON = re.compile(
    "至今|仍|还(?!我)|要回|追回|讨回|拿到|领到|到账|付清|结清|终于|补发|又|再次|立案|起诉|判|逮捕|抓"
)
_COUNT = "[0-9一二两三四五六七八九十百千几数]"
_COUNTED = re.compile(f"{_COUNT}[余多来]?(?:名|个|位|号)(?!月)|我们{_COUNT}{{1,4}}人|兄弟|弟兄|班组")
# 差我们五人四万块: short by a sum; the sum, its owner before it.
_SHORT_BY = re.compile(
    "(?:了|着|下)?(?:我|咱|俺|他|她|大家|大伙|兄弟|工|师傅|人|[0-9一二两三四五六七八九十]{1,12}[名个位])?[^，。！？；]{0,8}?"
    f"{_COUNT}[0-9.一二两三四五六七八九十百千]{{0,8}}[多余来]?[万千百元块亿wk]"
)
# What makes a remark about pay an account of arrears: people, a time, a sum, work told of.
_SIGNS = (
    re.compile(
        f"{_COUNT}[余多来]?(?:名|位|个(?!月|多月|小时|字|点|问|人所得)|人(?!民|均))|我们|咱们|俺|大伙|我(?!国|省|市|县|州|区|院|局|们)"
    ),
    re.compile(
        f"(?:半|{_COUNT})[0-9]{{0,3}}(?:个)?(?:多)?(?:月|年(?![级代级薪])|天)|至今|到现在|到今天|去年|前年|腊月|过年|从[^，。]{{1,6}}(?:到|干到)"
    ),
    re.compile(f"{_COUNT}[0-9.一二两三四五六七八九十百千]{{0,8}}[多余来出]?(?:万|千|百|元|块)"),
)
_NOT_OWN = re.compile("借(?!口|故|机)|朋友|同学|亲戚|还债|房东|中奖|彩票|股票|理财")
# A wage that does not come, told anyhow: not given, not seen, hung up, held, paid in kind.
_LACK = re.compile(
    "(?:没|未|不|无|难|迟迟)[^，。！？；]{0,2}?(?:给|掏|等|盼|发(?!现|展)|结|付|见|拿|领|收(?!入)|得(?!说|不|知|到提)|清|着落|肯|出(?!现)|认|理(?!想|解)|兑|还|打(?!工)|算数|答应)"
    "|(?:拖|欠|压|扣|悬|卡|赖|挂|耗|吊|躲)(?:着|住|在|起)(?!地)|要不(?:到|来|下来|回)|下落|窟窿|一张纸|无头账|烂账|空头|还在路上|两手空空|口袋空空|挪走|花光|不知去向|打了水漂|成了空|黄了|泡了|打对折|打折扣|还(?:来|给?我)(?![得不])"
)
# One's own pay named by its sum or months (两个月的工资, 五万元工资): told of counted people it is owed or paid.
_DEFINITE = re.compile(
    f"(?:{_COUNT}{{1,3}}(?:个)?(?:多)?月|半年|一年|{_COUNT}[0-9.一二两三四五六七八九十百千]{{0,8}}[多余来]?(?:万|千|百)?[多余来]?[元块]?)(?:钱|左右)?的?$"
)
_ORDINARY = re.compile(
    "涨|奖|月薪|年薪|招聘|招工|平均|人均|补偿|赔偿|相当|每月|多发|红包|福利|捐|个税|收入|保底|高达|提前|预支|罚|节省|花了|花掉|消费|存"
)
_IN_KIND = re.compile("(?<!相)(?:顶|抵|充|当作|折成)(?:了)?[^，。！？；]{0,8}?$")
_SEEN = 12  # wages looked at in one text: a table of wages costs no more
# A report without any of these needs no second look: plain search is far cheaper than the pattern.
_NO_MONEY_KEYS = ("一分", "一毛", "分文", "着钱", "点钱", "拖起", "说好", "说按", "说做", "说干", "说完", "说就")
# Work done and no money seen, the word for wages left out: how people tell it in the county's own speech.
_NO_MONEY = re.compile(
    "没见(?:过|到|着)?一分|(?:一分钱?|一毛钱?|分文)(?:都|也)?(?:没|不|未)有?(?:见着|见到|得着|给|拿到|看到|发)|(?:要|整|讨|拿)不着钱|"
    "说好?(?:按月|做完|干完|完工)就?[发结给][^。！？；\n]{0,16}?(?:拖|没|不)|苦点钱[^。！？；\n]{0,16}?(?:硬是)?(?:不给|不得)|拖起不[给拿]"
)
WORKED = re.compile(
    "干活|做活|做工|打工|务工|上班|活路|接的活|干[了完满]|做[了完满]|工地|进场|活干|(?:喊|叫)(?:我们|咱们|人)|苦点钱|班组|"
    "帮工|活计|完工|验收|封顶|工头|工友|工棚|上了[^，。]{0,6}班|师傅|活儿|[0-9一二两三四五六七八九十]{1,12}天活|小工|民工|工人|给人|帮人|老板|包工|工坊|加工|[厂矿]上|厂里|栽了|装完|修完|盖完"
)
_WORKED_REACH = 60
_PROPOSED = re.compile("(?:建议|提议|呼吁)[^，。！？；]{0,12}$")
_SUPPOSED = re.compile(
    "(?:如果|假如|若|倘若|一旦|万一|遇到|遭遇|碰到|假设|如遇|要是|面对|能否|可否|是否)[^。！？；]{0,16}$"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """``view.text[start:end]``; ``strength`` 0…1 by closeness and by how plainly the words mean wages."""

    start: int
    end: int
    kind: MentionKind
    strength: float
    mood: Mood


@dataclass(frozen=True, slots=True)
class Reading:
    """One field of a report read once: its view, the lexicon's hits by group, and the wage mentions found."""

    view: View
    hits: tuple[Hit, ...]
    groups: dict[str, tuple[Hit, ...]]
    mentions: tuple[Mention, ...]
    debts: tuple[Mention, ...]
    evasions: tuple[tuple[int, int, str], ...] = ()

    def of(self, group: str) -> tuple[Hit, ...]:
        return self.groups.get(group, ())

    def near(self, group: str, mention: Mention, reach: int) -> tuple[Hit, ...]:
        """Hits of ``group`` that end or begin within ``reach`` characters of the mention."""
        return touching(self.of(group), mention.start - reach, mention.end + reach)


def touching(hits: tuple[Hit, ...], left: int, right: int) -> tuple[Hit, ...]:
    """Those of one group's hits that end at ``left`` or behind it and begin at ``right`` or before it.

    Starts and ends rise together (``_longest``), so a text of nothing but such words costs no square of their number.
    """
    return hits[bisect_left(hits, left, key=_END) : bisect_right(hits, right, key=_START)]


def read(original: str, lexicon: Lexicon) -> Reading:
    """Read one field: make it comparable, undo evasive spellings, find words and mentions."""
    view = make_view(original)
    hits = lexicon.hits(view.text)
    changes = [(hit.start, hit.end, hit.term.means) for hit in hits if hit.term.group == "evasive"]
    if changes:
        view = view.replaced(changes)
        hits = lexicon.hits(view.text)
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.term.group, []).append(hit)
    longest = {group: tuple(_longest(found)) for group, found in groups.items()}
    text = view.text
    wages = _wage_mentions(text, longest)
    if longest.get("reverse"):
        # 反向讨薪: the employer claims pay back; what is "claimed" here is owed by nobody.
        wages = [mention for mention in wages if mention.kind != "claim"]
    debts = _pairs(text, longest.get("owe", ()), longest.get("other_debt", ()), "debt", ())
    return Reading(view, tuple(hits), longest, tuple(wages), tuple(debts), _evasions(view, changes))


def _evasions(view: View, changes: list[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """Where evasive spellings stood, in offsets of the original, and what they stand for."""
    if not changes:
        return ()
    plain = make_view(view.original)
    return tuple((*plain.span(start, end), means) for start, end, means in changes)


def _longest(hits: list[Hit]) -> list[Hit]:
    """Drop hits that lie inside a longer hit of the same group; ``hits`` come by start, longest first."""
    kept: list[Hit] = []
    for hit in hits:
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return kept


def _wage_mentions(text: str, groups: dict[str, tuple[Hit, ...]]) -> list[Mention]:
    pays = tuple(hit for hit in groups.get("pay", ()) if hit.term.text not in ("薪", "钱"))
    debts = groups.get("other_debt", ())
    found = [
        Mention(hit.start, hit.end, "compound", 1.0 if hit.term.weight >= 2 else 0.3, _mood(text, hit.start, hit.end))
        for hit in groups.get("core", ())
    ]
    found += _pairs(text, groups.get("owe", ()), pays, "owe", debts)
    found += _pairs(text, groups.get("claim", ()), pays, "claim", debts)
    workers = groups.get("worker", ())
    found = [_promoted(text, mention, workers) for mention in found]
    found += _owed_to(text, groups.get("owe", ()), workers)
    found += _short_by(text, groups.get("short", ()), pays, debts)
    found += _worked_for_nothing(text, groups.get("bare", ()), debts)
    found += _unpaid(text, pays, found, debts, workers)
    found.sort(key=lambda mention: (mention.start, -mention.strength, -mention.end))
    merged: list[Mention] = []
    for mention in found:
        if merged and mention.start < merged[-1].end:
            if mention.strength > merged[-1].strength:
                merged[-1] = mention
            continue
        merged.append(mention)
    return merged


def _owed_to(text: str, verbs: tuple[Hit, ...], workers: tuple[Hit, ...]) -> list[Mention]:
    """拖欠民工8万, 欠了工人二十多万: a sum owed to workers, the word for wages left out."""
    found: list[Mention] = []
    for verb in verbs:
        if verb.term.weight < 3:
            continue
        for worker in touching(workers, verb.end, verb.end + 10):
            if verb.end <= worker.start:
                sum_owed = _SUM.match(text, worker.end)
                if sum_owed and not _STOP.search(text[verb.end : worker.start]):
                    start, end = verb.start, sum_owed.end()
                    found.append(Mention(start, end, "owe", 0.9, _mood(text, start, end)))
    return found


def _short_by(text: str, words: tuple[Hit, ...], pays: tuple[Hit, ...], debts: tuple[Hit, ...]) -> list[Mention]:
    """差我们五个人四万块, 还差三十万没付: a sum someone is short of, beside work or wages told of."""
    found: list[Mention] = []
    for word in words:
        match = _SHORT_BY.match(text, word.end)
        if not match or any(
            not _COMMA.search(text, debt.end, word.start) for debt in touching(debts, word.start - 20, match.end() + 8)
        ):
            continue
        wages = bool(touching(pays, word.start - 40, match.end() + 20))
        left, right = max(0, word.start - _WORKED_REACH), match.end() + 40
        if _NOT_OWN.search(text, left, right):
            continue
        if wages or WORKED.search(text, left, right):
            found.append(Mention(word.start, match.end(), "owe", 0.9 if wages else FIRM + 0.05, "stated"))
    return found


def _worked_for_nothing(text: str, bare: tuple[Hit, ...], debts: tuple[Hit, ...]) -> list[Mention]:
    """干了七个月，一分钱没见着: work told of beside it, and no other debt."""
    spans = [(hit.start, hit.end) for hit in bare]
    if any(key in text for key in _NO_MONEY_KEYS):
        spans += [match.span() for match in _NO_MONEY.finditer(text)]
    found: list[Mention] = []
    for start, end in spans:
        if not WORKED.search(text, max(0, start - _WORKED_REACH), end + 40) and _signs(text, start, end) < 2:
            continue
        if touching(debts, start - 20, end + 20):
            continue
        found.append(Mention(start, end, "owe", FIRM + 0.05, _mood(text, start, end)))
    return found


def _unpaid(
    text: str, pays: tuple[Hit, ...], known: list[Mention], debts: tuple[Hit, ...], workers: tuple[Hit, ...]
) -> list[Mention]:
    """Wages with a lack beside them in whatever words, where people, a time, a sum or work make it a case."""
    found: list[Mention] = []
    for pay in pays[:_SEEN]:
        if any(m.start <= pay.start < m.end and m.strength >= FIRM for m in known):
            continue
        lack = _LACK.search(text, pay.end, pay.end + 14) or _LACK.search(text, max(0, pay.start - 12), pay.start)
        start, end = (min(pay.start, lack.start()), max(pay.end, lack.end())) if lack else (pay.start, pay.end)
        if not lack:
            kind = _IN_KIND.search(text[max(0, pay.start - 12) : pay.start])
            own = None if kind else _definite(text, pay, workers)
            start = pay.start - len(kind.group()) if kind else own if own is not None else -1
            if start < 0:
                continue
        if _STOP.search(text[start:end]) or len(_COMMA.findall(text[start:end])) > 1:
            continue
        if _NOT_OWN.search(text, max(0, start - 30), end + 30):
            continue
        if touching(debts, start - 8, end + 8):
            continue
        told = _signs(text, start, end) + bool(touching(workers, start - 30, end + 30))
        if told >= 2:
            found.append(Mention(start, end, "owe", FIRM + 0.05, _mood(text, start, end)))
    return found


def _definite(text: str, pay: Hit, workers: tuple[Hit, ...]) -> int | None:
    """Where the sum or the months before ``pay`` begin, if counted workers stand near and nothing ordinary does."""
    sum_of = _DEFINITE.search(text[max(0, pay.start - 14) : pay.start])
    if (
        not sum_of
        or pay.term.weight < 1
        or not any(abs(w.start - pay.start) <= 30 for w in touching(workers, pay.start - 30, pay.start + 30))
    ):
        return None
    if not _COUNTED.search(text, max(0, pay.start - 40), pay.start) or _signs(text, pay.start, pay.end) < 3:
        return None
    if _ORDINARY.search(text, max(0, pay.start - 30), pay.end + 20):
        return None
    return pay.start - len(sum_of.group())


def _signs(text: str, start: int, end: int) -> int:
    """How many of people, time, sum and work stand within reach."""
    left, right = max(0, start - _WORKED_REACH), end + _WORKED_REACH
    return sum(bool(sign.search(text, left, right)) for sign in (*_SIGNS, WORKED))


def _promoted(text: str, mention: Mention, workers: tuple[Hit, ...]) -> Mention:
    """A word that may mean arrears (血汗钱, 劳务费, 等工资) does so beside workers, named or counted."""
    if mention.strength >= FIRM or mention.strength < 0.2:
        return mention
    counted = bool(_COUNTED.search(text, max(0, mention.start - 14), mention.end + 4))
    if mention.kind == "compound" or mention.strength < 0.35:  # a weaker word: only a number of people will do
        weak = text[mention.start : mention.end]
        docked = "扣" in weak and bool(WORKED.search(text, max(0, mention.start - 40), mention.end + 40))
        return replace(mention, strength=FIRM) if counted and (docked or weak[:1] in "等盼应判") else mention
    close = counted or bool(touching(workers, mention.start - 12, mention.end + 12))
    return replace(mention, strength=FIRM) if close else mention


def _pairs(
    text: str, verbs: tuple[Hit, ...], things: tuple[Hit, ...], kind: MentionKind, rivals: tuple[Hit, ...]
) -> list[Mention]:
    """The nearest verb before and after each thing, where nothing forbids joining them."""
    found: list[Mention] = []
    if not verbs or not things:
        return found
    starts = [verb.start for verb in verbs]
    for thing in things:
        at = bisect_left(starts, thing.start)
        for verb in reversed(verbs[max(0, at - 3) : at]):
            gap = thing.start - verb.end
            if gap < 0:
                gap = 0 if verb.end <= thing.end else -1
            if 0 <= gap <= _FAR and _joins(text, verb.end, thing.start, rivals, commas=0):
                found.append(_mention(text, verb, thing, gap, kind))
                break
        for verb in verbs[at : at + 2]:
            gap = verb.start - thing.end
            if (
                0 <= gap <= 16
                and kind != "claim"
                and _joins(text, thing.end, verb.start, (), commas=1)
                and not any(verb.end <= rival.start for rival in touching(rivals, verb.end, verb.end + 6))
            ):
                found.append(_mention(text, thing, verb, gap, kind))
                break
    return found


def _mention(text: str, first: Hit, second: Hit, gap: int, kind: MentionKind) -> Mention:
    verb = max(first.term.weight, second.term.weight)
    plain = min(first.term.weight, second.term.weight) >= 1
    strength = (1.0 if gap <= _NEAR else 0.8) * (1.0 if verb >= 3 else 0.9 if verb >= 2 else 0.3)
    strength *= 1.0 if plain else 0.5
    start, end = first.start, max(first.end, second.end)
    return Mention(start, end, kind, strength, _mood(text, start, end))


def _joins(text: str, start: int, end: int, rivals: tuple[Hit, ...], *, commas: int) -> bool:
    """Whether words on both sides of ``text[start:end]`` may belong together."""
    between = text[start:end]
    if _STOP.search(between) or len(_COMMA.findall(between)) > commas:
        return False
    for rival in touching(rivals, start, end):
        if rival.start >= start and rival.end <= end and not _JOINED.search(text[rival.start : end]):
            return False
    return True


def _mood(text: str, start: int, end: int) -> Mood:  # noqa: PLR0911 - the first mood that holds
    """How the mention is meant, from the words just before and after it."""
    before = text[max(0, start - 24) : start]
    if _PREVENTIVE_AFTER.match(text, end):
        return "preventive"
    if _PROPOSED.search(before):
        return "supposed"
    if _DENIED_BEFORE.search(before) or _DENIED_AFTER.search(text[end : end + 24]):
        return "denied"
    if _INSPECTED.search(before):
        return "preventive"
    if _NEGATED.search(before[-8:]):
        return "preventive" if _PLEDGED_AFTER.search(text[end : end + 6]) else "negated"
    if _PREVENTIVE.search(before) or _WARDED.search(text, start, end):
        return "preventive"
    if before.endswith("从") and _AWAY.match(text, end):
        return "past"  # 从讨薪人到调解员
    if _PAST_BEFORE.search(before) and not _LIVES_ON.search(text[end : end + 30]):
        return "past"
    if _SUPPOSED.search(before):
        return "supposed"
    return "stated"
