"""Names of complainants in a report (投诉人姓名): where they stand, and whose name stays. Pure.

A name is covered where the words beside it make its bearer a worker or a complainant (农民工李四, 举报人：李四,
李四等12名工人), and then wherever the report repeats it. Who owes or answers for the debt stays named, because the
office has to find him: 包工头, 老板, 法定代表人; so do officials, reporters and lawyers. 班组长 is a worker unless the
very next words say that he owes.
Already covered by the outlet (张某, 李先生) or invented by it (化名) is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitors.opinion.masking_numbers import Found
from monitors.opinion.name_lists import DOTS, lists, places

# Somebody's pay or complaint is the matter; elsewhere a worker named is news, not a complainant.
_MATTER = re.compile(
    "工资|薪|工钱|血汗钱|劳动报酬|劳务费|工程款|结账|欠条|要账|讨账|没拿到钱|民工代表|工人代表|尊敬的|恳请|恳求|遭遇|投诉|举报|上访|信访|维权|求助|讨要|反映人|反映者|申请人|来电"
)
_PAY = re.compile("工资|欠薪|讨薪|薪资|薪水|工钱|血汗钱|劳动报酬|劳务费|欠条|结账")
_ROLES = (
    "农民工代表|民工代表|工人代表|职工代表|员工代表|务工人员|务工者|务工群众|打工者|打工人|老乡|(?<!法定)(?<!诉讼)代表人|(?:彝|傣|白|哈尼|壮|苗|傈僳|回|拉祜|佤|纳西|瑶|景颇|藏|布朗|布依|阿昌|普米|基诺|怒|德昂|独龙)族(?:小伙|青年|汉子|男子|女子|妇女|大姐|群众)|劳动者|农民工|(?<![全人公居市村渔移惠便利])民工|工人|工友|"
    "投诉人|投诉者|举报人|举报者|反映人|反映者|来访人|来电人|来信人|信访人|上访人|上访者|求助者|求助人|求助群众|讨薪者|讨薪人|女工|男工|讨薪男子|讨薪女子|受害人|被欠薪者|"
    "(?:钢筋|木|瓦|泥|泥水|泥瓦|油漆|抹灰|架子|电焊|焊|水电|砌筑|砌|杂|小|普|塔吊|绿化|保洁|环卫|采茶|采果|矿|粉刷|装修|安装|模板|混凝土|挖机|维修|水泥|技术|临时)工(?![程资地作期艺业人])人?"
    "|保洁员|护工|环卫工人|建筑工人|装修工人|外卖员|外卖骑手|骑手|快递员|保安|班组长|带班|施工员|塔吊司机|挖机司机|货车司机"
)
_WIDER = (
    "员工|职工|当事人|申请人|原告|村民|市民|网友|业主|家属|司机|驾驶员|教师|老师|代课老师|服务员|厨师|店员|护士|男子|女子|"
    "小伙|同事"
)
_NOT_ROLE_AFTER = "(?!日报|文化|先锋|阶级|出版|大学|新村|队伍|运动|医院)"
_ROLE = re.compile(f"(?:{_ROLES}){_NOT_ROLE_AFTER}(?:代表|兄弟|老乡|大哥)?(?:名叫|叫做?|是)?[ (：]{{0,2}}")
_WIDER_ROLE = re.compile(f"(?:{_WIDER}|{_ROLES}){_NOT_ROLE_AFTER}(?:代表)?(?:名叫|叫做?)?[ (：]{{0,2}}")
# Praised or elected workers are public; nobody needs to be shielded from a medal.
_HONOURED = re.compile(
    "优秀|模范|劳模|标兵|先进|最美|工匠|能手|人大代表|党代表|政协委员|获得者|全国人大|冠军|烈士|党员|支书|大师|[厅局处科股]$"
)
_SELF = re.compile(
    "(?<!教)我(?:的名字)?叫(?:做)?|我姓名叫?|本人(?:名叫|叫|姓名)?：?|(?<![一-鿿])我是(?=[一-鿿]{2,4}[，；。(])|(?:姓名|签名|署名)[：\\s]{1,3}"
)
_NAMED_SO = re.compile(
    "叫(?=[一-鿿]{2,4}的[^，。]{0,6}(?:工人|民工|务工|工友|男子|女子|员工|老人))"
    "|我(?:的)?(?:姐姐?|哥哥?|弟弟?|妹妹?|爸爸?|妈妈?|父亲|母亲|丈夫|妻子|老公|老婆|爱人|叔叔?|舅舅?|儿子|女儿|堂哥|表哥)(?=[一-鿿]{2,4})"
)
_SIGNED = re.compile(
    "(?:敬礼|此致)[！。\\s]{0,4}|(?:反映|投诉|举报|求助|申请|上访|请愿|具名|联名|具报|申诉|信访|报告|呈报|陈情|控告)(?:者|人|老师|工人|民工|员工)(?:\\([^)]{2,8}\\))?[：；，\\s]{1,2}"
    "|(?:民工|工人|工友|员工|职工|务工人员)[^。！？]{0,6}[。，]?分别(?:是|为)[：]?"
)
_WORKED = re.compile("(?:务工|打工|干活|做工|讨薪|上班|被欠薪|被拖欠工资|在此施工)的(?=[一-鿿])")
_AGED = re.compile(
    "(?:[1-9][0-9] ?岁|(?:来自|家住)[^，。]{2,10}|[班组]组?)的(?=[一-鿿])"
)  # a worker told of, where pay is told of next
_AGED_REACH = 120
# 封某，男，某县人: how a petition names its people; an official's vita goes on with his nation.
_VITA = re.compile("[，；(](?:男|女)[，；](?![一-鿿]{1,3}族)")
# 李四等12名工人: the names stand before the number.
_AMONG = re.compile("等[0-9一二三四五六七八九十百两几多余]{0,5}[多余]?(?:名|位|个|人)")
_WORKERS_AHEAD = re.compile(
    "(?:的|[追讨要拿领]回了?|补发)?(?:工资|工钱|劳动报酬|血汗钱|薪|欠薪)|[^，。；！？]{0,10}?(?:工人|民工|务工|工友|员工|职工|劳动者|教师|老师|司机|打工|讨薪|老乡|同乡|弟兄|兄弟)"
)
_NOT_WORKERS = re.compile(
    "(?<=个)(?:[县市州区乡镇村省]|地区|部门|单位|项目|工程)|[^，。；！？]{0,6}?(?:董事|高管|股东|领导|干部|嫌疑|被告|包工头|老板|代表|委员|专家|院士|明星|演员|艺人)"
)
_WORKERS_BEHIND = re.compile(
    "(?:工资|欠薪|讨薪|拖欠|雇请|雇佣|雇用|招用|拿不到|农民工|工人|民工|工友)[^。；！？]{0,24}$"
)
_IS_WORKER = re.compile(
    f"(?:是|系|为)(?:一名|一位|个|名|位)?[^，。；！？0-9]{{0,8}}?(?:农民工|工人|民工|务工人员|钢筋工|木工|瓦工|保洁员|环卫工)(?!资)|[(（](?:{_ROLES})[)）]"
)
_CLAIMS = re.compile(
    "(?:[两二三四五六]人|夫妇|夫妻)?(?:一直|多次|至今|也|终于|仍|还|已|都|均)?(?:被拖欠|被欠薪|讨薪|讨要(?:工资|工钱|薪)|追讨(?:工资|工钱)|追回[^，。]{0,8}(?:工资|工钱|欠薪)|老人(?=的?(?:讨薪|工资))|(?:领|拿|要|讨)(?:到|回|不到)了?(?:被拖欠的?|自己的?)?(?:工资|工钱|血汗钱)|在工地)"
)
_LEFT = re.compile(
    "(?:^|[，。、：；！？.*,:;!?\\s“\"'(（\\[《]|拖欠|克扣|雇请|雇佣|雇用|招用|招募|组织|支付|发放|帮助?|协助|支持|民工|工人|工友|员工|和|与|及|对|为|给|替|有|让|由|欠|以|的)$"
)
# The next words make him the debtor, not the creditor.
_OWES = re.compile(
    "(?:却|仍|一直|恶意|长期|先后|无故|至今|因|等)?(?:拖欠|欠薪|欠(?!条)|克扣|卷款|跑路|失联|携款|雇佣|雇请|雇用|雇(?=[一-鿿]{0,4}人)|拒不支付|招用)"
)
_RANK_AFTER = re.compile(
    "(?:副)?(?:局长|主任|书记|律师|记者|经理|队长|检察官|法官|民警|科长|所长|处长|县长|市长|镇长|乡长|董事长|总裁|老板)"
)
_KEPT = re.compile(
    "(?:包工头|工头|老板|负责人|法定代表人|法人代表|法人|局长|主任|书记|记者|律师|董事长|总经理|经理|总裁|所长|队长|科长|处长|县长|市长|被告人?|嫌疑人|被执行人|承包人|承包商|承包方|雇主|实控人|实际控制人|创始人|代理人|法官|检察官|民警|通讯员|演员|歌手|导演|主持人|作者|编辑)[：\\s]{0,2}"
)
_ALIAS = re.compile("[(（,，][^)）]{0,4}化名")
_ALL_ALIASES = re.compile("(?:均|都|皆|全)(?:为|是|系)?化名|人物[^。]{0,4}化名")
# What may follow a name: a mark, or a word that no name goes on with.
_PLAIN_END = re.compile(
    "$|[^一-鿿]|说|称|表示|告诉|介绍|回忆|坦言|讲述|讲|反映|诉说|投诉|举报|透露|无奈|激动|电话|手机|联系|身份证|男[，、]|女[，、]|等[0-9一二三四五六七八九十百两几多余名位人，、]|被(?=[拖欠])"
)
_END = re.compile(
    "[等和与及在的是因被把将从向为对于也已曾就还又却都只正到来去拿领收讨要找给跟带今昨近每终激手接打反投举求站爬坐多没未不先后这那他她家有通受遭随经以自用干做上下进出走住拨写发看听怒一两欠追索维工称现算同请则便仍并或前无感叹哭笑气急忙随即当代很垫我均皆致据]"
)
_ALSO_GIVEN = frozenset("进家正先来有自维同前气发求以收用通")  # after two characters they may be the third
_LONG = 1_500  # characters; the whole of a shorter report is about one matter
_NEAR = 300
_ANON = "某"
_BETWEEN = re.compile("、|；|，(?=[一-鿿]{2,3}[，。、等])|[ ]?和|与|及|以及|[ ]{1,2}")
_LISTING = ("、", "和", "与", "及", "以及")
_CALL_AHEAD = re.compile(
    "[ ，：:(（;；]{0,2}(?:本人|联系)?(?:电话|手机|联系方式|手机号码?|号码|身份证号?码?|tel)?(?:号|为|是)?[：: ]{0,3}$"
)


@dataclass(frozen=True, slots=True)
class _Name:
    """``text[start:end]``; the first ``shown`` characters are the surname, which stays."""

    start: int
    end: int
    shown: int


def find(fields: tuple[str, ...], numbers: tuple[tuple[Found, ...], ...]) -> tuple[list[Found], ...]:
    """Complainants' names in the comparable fields of one report; ``numbers`` are the personal numbers found in each.

    What one field calls a complainant is covered in the others, too.
    """
    whole = "\n".join(fields)
    if not (_MATTER.search(whole) or any(numbers)) or _ALL_ALIASES.search(whole):
        return tuple([] for _ in fields)
    # A long article may touch on wages in one place and name people in another.
    long = len(whole) > _LONG and not _MATTER.search(fields[0])
    pay = bool(_PAY.search(whole))
    direct = [_direct(field, near, pay=pay, long=long) for field, near in zip(fields, numbers, strict=True)]
    named = {
        field[one.start : one.end]: one.shown for field, names in zip(fields, direct, strict=True) for one in names
    }
    for kept in {name for field in fields for name in _others(field)}:
        named.pop(kept, None)
    aliases = {name for name in named if re.search(re.escape(name) + _ALIAS.pattern, whole)}
    return tuple(
        [
            _found(field, one)
            for one in _distinct([*names, *_repeated(field, named)])
            if field[one.start : one.end] not in aliases
        ]
        for field, names in zip(fields, direct, strict=True)
    )


def _found(text: str, name: _Name) -> Found:
    covered = tuple(at for at in range(name.start + name.shown, name.end) if text[at] not in DOTS)
    return Found(name.start, name.end, "姓名", covered)


def _distinct(names: Iterable[_Name]) -> Iterator[_Name]:
    """By position, a longer name before the shorter one inside it; dots inside a name are covered with it."""
    end = 0
    for name in sorted(names, key=lambda one: (one.start, -one.end)):
        if name.start >= end:
            end = name.end
            yield name


def _direct(text: str, numbers: tuple[Found, ...], *, pay: bool, long: bool) -> list[_Name]:
    names = [*_after_roles(text, _WIDER_ROLE if pay else _ROLE)]
    for pattern in (_SELF, _SIGNED, _WORKED, _NAMED_SO):
        for match in pattern.finditer(text):
            names.extend(_row(text, match.end(), marked=pattern in (_SELF, _SIGNED)))
    for match in _AGED.finditer(text):
        if _PAY.search(text, match.end(), match.end() + _AGED_REACH) and not _HONOURED.search(
            text, max(0, match.start() - 20), match.start()
        ):
            names.extend(_row(text, match.end()))
    names.extend(_before_words(text))
    if long:
        names = [name for name in names if _MATTER.search(text, max(0, name.start - _NEAR), name.end + _NEAR)]
    names.extend(_beside_numbers(text, numbers))
    return [name for name in names if not _ALIAS.match(text, name.end)]


def _after_roles(text: str, pattern: re.Pattern[str]) -> Iterator[_Name]:
    for match in pattern.finditer(text):
        if _HONOURED.search(re.split("[。！？\n]", text[max(0, match.start() - 16) : match.start()])[-1]):
            continue
        narrow = bool(_ROLE.match(text, match.start()))
        row = _row(text, match.end(), loose=True)
        if not row or _OWES.match(text, row[-1].end):
            continue
        if row[0].end - row[0].start == 2 and not narrow:
            # 职工高度…, 司机方向…: two characters behind an everyday word must be set off plainly.
            row = row if _at(text, row[0].start, marked=True) and text[row[0].start] not in lists().doubtful else []
        yield from row


def _row(text: str, start: int, *, marked: bool = False, loose: bool = False) -> list[_Name]:
    """The name at ``start`` and those listed after it (李四、王五和赵六)."""
    names: list[_Name] = []
    while name := _at(text, start, marked=marked, loose=loose and not names):
        names.append(name)
        joined = _BETWEEN.match(text, name.end)
        if not joined or len(names) >= 20:
            break
        start, marked = joined.end(), joined.group().strip() not in _LISTING
    return [] if names and _OWES.match(text, names[-1].end) else names


def _at(text: str, start: int, *, marked: bool = False, loose: bool = False) -> _Name | None:
    """The name that begins at ``start``; ``marked``: only where a mark or a plain verb ends it.

    ``loose``: three characters that make a name need no end, because the word before them says that one comes.
    """
    by_sound = _by_sound(text, start)
    if by_sound:
        return by_sound
    for shown, given in _shapes(text, start):
        end = start + shown + given
        rest = text[start + shown : end]
        if len(rest) < given or not _may_be_given(rest) or _is_word(text[start : start + 4], rest):
            continue
        if _RANK_AFTER.match(text, end) or text.startswith("*", end):
            return None  # an official after all, or covered already
        if _ends(text, start, end, shown, marked=marked):
            return _Name(start, end, shown)
    return _three(text, start) if loose else None


def _three(text: str, start: int) -> _Name | None:
    """A common surname and two characters of given names, whatever follows."""
    known = lists()
    head, rest = text[start : start + 3], text[start + 1 : start + 3]
    if any(text[start : start + length] in places() for length in range(2, 7)):
        return None  # 工人保定高新区…
    fits = head[:1] in known.surnames - known.doubtful and len(rest) == 2 and all(c in known.given for c in rest)
    return _Name(start, start + 3, 1) if fits and _may_be_given(rest) and not _is_word(head, rest) else None


def _ends(text: str, start: int, end: int, shown: int, *, marked: bool) -> bool:
    """Whether the name in ``text[start:end]`` ends there: before a mark always, before a word where all fits a name."""
    known = lists()
    surname, rest = text[start], text[start + shown : end]
    likely = all(c in known.given or c == _ANON for c in rest)
    if _PLAIN_END.match(text, end):
        return likely or surname not in known.doubtful
    if marked or not likely or surname in known.particles or rest.startswith(_ANON) or not _END.match(text, end):
        return False
    if len(rest) == 1:
        return text[end] not in _ALSO_GIVEN and (surname not in known.doubtful or surname in known.long)
    return True


def _shapes(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Lengths of surname and given name to try, the likelier first."""
    known = lists()
    if text[start : start + 2] in known.compound:
        yield from ((2, 2), (2, 1))
    if text[start : start + 1] in known.long:
        yield 1, 3
    if text[start : start + 1] in known.surnames:
        yield from ((1, 2), (1, 1))


def _may_be_given(rest: str) -> bool:
    """Characters only, none of them a particle or verb; 某 alone is what the outlet has covered already."""
    known = lists()
    return (
        all("\u4e00" <= c <= "\u9fff" and c not in known.never for c in rest)
        and rest.strip(_ANON) != ""
        and not any(rest.startswith(title) for title in known.titles)
    )


def _is_word(head: str, rest: str) -> bool:
    known = lists()
    if head[:2] in known.words or head[:3] in known.words or (head[0] in known.doubtful and rest in known.words):
        return True
    return head[: 1 + len(rest)] in places()


def _by_sound(text: str, start: int) -> _Name | None:
    """阿卜杜拉·买买提; 阿木曲布, 扎西卓玛: three to five syllables of such names and then an end."""
    known = lists()
    dotted = known.dotted.match(text, start)
    if dotted and (_PLAIN_END.match(text, dotted.end()) or _END.match(text, dotted.end())):
        return _Name(start, dotted.end(), 1)
    end = start
    while end < len(text) and end - start < 5 and text[end] in known.syllables:
        end += 1
    if any(
        text[start : start + length] in known.words or text[start : start + length] in places()
        for length in range(3, 7)
    ):
        return None
    if end - start >= 3 and _PLAIN_END.match(text, end):
        return _Name(start, end, 1)
    return None


def _back(text: str, end: int) -> list[_Name]:
    """The names that end at ``end``, the last first; none where a debtor's or an official's role leads the list."""
    names: list[_Name] = []
    while end > 0:
        found = next((one for length in (4, 3, 2) if (one := _ending(text, end - length, end))), None)
        if not found:
            break
        names.append(found)
        if text[found.start - 1 : found.start] not in ("、", "和", "与", "及"):
            break
        end = found.start - 1
    if names and _KEPT.search(text, max(0, names[-1].start - 8), names[-1].start):
        return []
    return names


def _ending(text: str, start: int, end: int) -> _Name | None:
    if start < 0 or not _LEFT.search(text, max(0, start - 4), start):
        return None
    known = lists()
    for shown, given in _shapes(text, start):
        rest = text[start + shown : end]
        if shown + given != end - start or not _may_be_given(rest) or _is_word(text[start:end], rest):
            continue
        if all(c in known.given or c == _ANON for c in rest):
            return _Name(start, end, shown)
    return None


def _before_words(text: str) -> Iterator[_Name]:
    for match in _AMONG.finditer(text):
        if _NOT_WORKERS.match(text, match.end()):
            continue
        if _WORKERS_AHEAD.match(text, match.end()) or _WORKERS_BEHIND.search(
            text, max(0, match.start() - 40), match.start()
        ):
            yield from _back(text, match.start())
    for pattern in (_IS_WORKER, _CLAIMS, _VITA):
        for match in pattern.finditer(text):
            yield from _back(text, match.start())


def _beside_numbers(text: str, numbers: tuple[Found, ...]) -> Iterator[_Name]:
    """李四 138…: who is named right before a private telephone or identity number."""
    for number in numbers:
        if number.kind not in ("手机号", "身份证号"):
            continue
        ahead = _CALL_AHEAD.search(text, max(0, number.start - 16), number.start)
        if ahead:
            yield from _back(text, ahead.start())


def _others(text: str) -> Iterator[str]:
    """Names that somebody bears who is not a complainant."""
    for match in _KEPT.finditer(text):
        name = _at(text, match.end())
        if name:
            yield text[name.start : name.end]


def _repeated(text: str, named: dict[str, int]) -> Iterator[_Name]:
    """Where the report says a complainant's name again."""
    for name, shown in named.items():
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if not _ALIAS.match(text, end) and (len(name) > 2 or _stands_alone(text, at, end)):
                yield _Name(at, end, shown)
            at = text.find(name, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Two characters are often part of another word (高明区); no letter of a word may touch them."""
    return bool(_PLAIN_END.match(text, end) or _END.match(text, end)) and (
        not ("\u4e00" <= text[start - 1 : start] <= "\u9fff") or bool(_LEFT.search(text, max(0, start - 4), start))
    )
