"""A sum that stands away from the words for wages owed: 一共差我们11万6千元, 37个人的91万元还挂在账上.

Asked only where no sum stands beside those words (``amounts``). Every sum of the report is a candidate until the words
beside it make it something else: a rate of pay, what was paid already, a fine, a contract, goods. What is left to pay
(还差) goes before a total (一共), a total before a bare sum; two bare sums that differ are nobody's figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from monitors.opinion import other_money
from monitors.opinion.figures import Fact, Field, clause_of, sentence_of
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import Number, numbers

_YUAN = re.compile("(?:多|余|来|出头)?(?:元|块|圆|人民币|rmb)(?:钱)?(?:整)?")
_THOUSANDS = re.compile("k(?![a-z0-9])")
# A bare figure is money where these words lead to it: 差我五千四, 合计76400, 工资3200.
_LEADS = re.compile(
    "(?:[欠差短剩]|还[有剩]|余下|剩下|一共是?|总共是?|共计?|合计|总计|加起来(?:是|有|得有)?|一起是?|加总是?|总数是?|总账是|算下来|工资|工钱|薪水|薪酬|底薪|报酬|劳务费|按件算是|"
    "应得|该得|应该|[没未]结|领|要|讨)(?:我们?|我家|他们?|她们?|他|她|它|咱们?|大家|弟兄们?|兄弟们?|我等|我和[^，。]{1,5}|工人们?|两口子|[一二两三四五六七八九十0-9]{1,3}(?:个|名|位)?人|了|约|大概|大约|近|是|有|为|得有|差不多|将近|超过?|至少){0,6}$"
)
_NOT_MONEY = re.compile(
    "[多余来]?(?:[名个人位户件家起次平方米吨公里亩株只头台套枚辆斤袋桶步条瓶票份场本箱车字年月日号楼栋间点时岁天期届项处%％‰级度倍页章座组队批届]|[a-z]|平米|美元|港元|万人|多?名|分钟|小时|来[个天名]|个?工(?!资|钱|费|薪))"
)
_RATE_BEFORE = re.compile(
    "(?:每(?:个?月|天|日|年|小时|班|吨|亩|平方?米?|块砖|学期|棵|株|斤|件|趟|单|车)|每个?工|(?<!个)月薪|(?<![个0-9一二三四五六七八九十])月工资|日工资|天工资|日薪|时薪|年薪|底薪|保底|一个?月|一天|一小时|一个工|一个台班|一平米?|单价|工价|工资标准|"
    "约定|说好(?:的)?(?:工资|是|一个?月|一天)|说的是|按)[^，。！？；0-9]{0,8}$"
)
_RATE_AFTER = re.compile(
    "(?:多|余|来)?(?:元|块)?(?:钱)?(?:左右|以上|上下)?(?:/|每|(?:一|1)个?(?:月|天|日|年|小时|工|平|米|间|班|亩|吨|斤|件|趟)(?!共|合|没|未|都|就)|的?月薪|的?日薪)"
)
_EACH_BEFORE = re.compile(
    "(?:每人|每名[^，。0-9]{0,5}|每位[^，。0-9]{0,5}|每个人|人均|平均|各(?=[^，。]{0,2}$)|一人|一个人|一个兄弟|最高|最少的?|最多的?|少的|多的|少则|多则|不等)[^，。！？；0-9]{0,8}$"
)
_EACH_AFTER = re.compile("(?:多|余|来)?(?:元|块)?(?:左右|上下)?(?:每人|一人|一个人|/人|不等|的样子|到[0-9])")
_PAID_BEFORE = re.compile(
    "(?:(?:支?付|给|发|转|结|打|预支|借支|垫付?|预付|返还)(?:了|过|给)[^，。！？；0-9欠差]{0,6}|"
    "(?:只|先|才|仅|就|首批|首笔|首期|已经?(?=[^，。]{0,12}[，。][^。]{0,10}[余剩还尚]))(?:支?付|给|发|转|结|打|领|拿|要|垫付?|兑付|拨付|发放|到手)[^，。！？；0-9欠差]{0,6}|"
    "押|首笔|首批|首期|生活费[^，。0-9]{0,4}|借支[^，。0-9]{0,4}|要回来?|[领卷]走[^，。0-9]{0,10}|拨付[^，。0-9]{0,4}|支付的|分别[^，。0-9]{0,8}|需要?[叫交缴]|[再又]扣|花费?了?)$"
)
_OTHER = re.compile(
    "罚金|罚款|罚|处以|赔偿|补偿|餐费|合同|工程款|进度款|造价|投资|货款|材料|贷款|借款|注册资本|注册资金|市值|押金|定金|保证金|周转金|股价|成交|拍卖|标的|收费|索赔|"
    "利息|奖励|慰问|租金|房租|流转费|医疗费|医药费|治疗费|机械费|设备|彩礼|保险|公积金|社保|首付|总价|中标|营业额|税|利润|套现|车费|路费|稿费|报销|年终奖|佣金|"
    "服务费|台班费|专户|卖了|价值|生活费|饭钱|房价|应急"
)
_OTHER_AFTER = re.compile("(?:多|余)?(?:元|块)?(?:钱)?(?:的)?(?:" + _OTHER.pattern + "|车费)")
_WAGE = re.compile(
    "工资(?!保证金|专户|专用账户|保函|支付保障)|工钱|薪|劳动报酬|血汗钱|汗水钱|辛苦钱|劳务费|劳务款|人工费|(?:工人|我们|民工|他们)的钱|课时费|配送费|报酬|工费|案款|执行款|欠款|欠条|窟窿|缺口|[甘砍摘挖割采种]\\S{0,3}钱"
)
_LEFT = re.compile(
    "(?:还|尚|仍|下|老板|总共|一共|共)?(?:欠|差|短|剩|少发|挨)[^，。！？；0-9]{0,14}$|(?:余下|剩下|剩余|尚有|还有|还剩|仍有|还差)[^，。！？；0-9]{0,6}$"
)
_TOTAL = re.compile(
    "(?:共计?|合计|累计|总额|总金额|金额|总数|总计|总共|一共|加起来|加总|总账|算下来|合|全部|估算|统计|涉及)[^，。！？；0-9]{0,8}$"
)
_UNPAID = re.compile(
    "[^。！？；0-9]{0,16}?(?:未给|没给|未付|没付|没有给|没有支付|没结|未结|没拿|未拿|没发|未发|不给|不认|挂在账|没有着落|没着落|有了着落|没有说法|打发|没了|拖着|悬着|要了|讨要|找谁要|哪个来给|整没|还来|没下文|没有下文|压着|扣着|一起没|吞|失联|跑|找不|没影|待结算|待发|待付|未能|没能|一直待)"
)
_HEADS_BEFORE = re.compile(
    "(?:[0-9一二两三四五六七八九十百俩仨几多余]{1,12}(?:名|位|个|口|号)?(?:人|[^，。0-9]{0,5}(?:工|员|人|师傅|老乡|匠|手)|劳力)?(?:的|，|、|共|总共|一共|每月)?|两口子|夫妻俩)，?$"
)
_OFFICES = re.compile("今年以来|累计为|全省|全国|全州|各级|各地")
_JUST_BEFORE = re.compile("工资|工钱|薪|报酬|劳务费|钱|[还尚]?欠|(?:没有?|未)[发给拿付结]")
_TO_A_FIRM = re.compile(
    "[欠差短](?:着|了)?(?:劳务队|施工队|包工头|分包商?|供应商|材料商|公司|他们公司|班组长)[^，。0-9]{0,2}$"
)
_TAKEN = re.compile("(?:收取?|被收[^，。0-9]{0,3}|老板[^，。]{0,6}索要|被?罚[^，。0-9]{0,3})$")
_ALONE_BEFORE, _ALONE_AFTER = re.compile("[，、。]$|^$"), re.compile("[，。！？]|出头|$")
# 我个人是2700多; 双方达成协议，年前付清7.44万元.
_MINE = re.compile("我(?:个人|自己|一个人|这里|这边)(?:是|有|的|就|欠|被欠|差){0,2}$")
_SETTLED_BY = re.compile("(?:付清|结清|清偿|还清|兑清)(?:了|全部|所欠|剩余){0,2}$")
_SHARES = re.compile("一半是|各出|分摊")  # how the pay is made up, not what is owed
_PLAUSIBLE = 300_000_000  # 元
_LEAST = 50  # 元
_OTHER_AT_ONCE = re.compile("(?:" + _OTHER.pattern + ")[^，。0-9]{0,3}$")
_TO_BE_PAID = re.compile("[没未拒]|应|要求|判|令|须")
_BAR = 1.2
_BAR_ALONE = 0.8
_DEBT = re.compile(
    "(?:货款|材料款|工程款|稿费|借款|佣金|报销|年终奖|经济补偿|补偿金|医药费|利润)[^，。！？；、0-9]{0,6}$"
)
_LONE_DIGITS = re.compile("[0-9]{3,9}(?:\\.[0-9]{1,2})?$")


def told_apart(fields: tuple[tuple[Field, Reading], ...], label: str) -> Fact | None:
    """The sum that most plausibly is what is owed, in 分; None where none can be or two are as likely."""
    found = [fact for field, reading in fields for fact in _candidates(field, reading, label)]
    if not found:
        return None
    best = max(found, key=lambda fact: (round(fact.score, 2), fact.field == "title", -fact.start))
    values = {fact.value for fact in found}
    if best.score < (_BAR_ALONE if len(values) == 1 else _BAR):
        return None
    equal = {fact.value for fact in found if round(fact.score, 2) == round(best.score, 2)}
    if len(equal) > 1 and not best.basis:
        return None
    told = next(reading.view.text for field, reading in fields if field == best.field)
    return other_money.with_its_other_half(best, found, told, label)


def _candidates(field: Field, reading: Reading, label: str) -> Iterator[Fact]:
    text = reading.view.text
    for number in numbers(text):
        told = money(text, number)
        if told is None:
            continue
        value, end = told
        if not _LEAST <= value <= _PLAUSIBLE:
            continue
        weighed = _weight(text, number, end)
        if weighed is None:
            continue
        score, basis = weighed
        yield Fact(
            int(value * 100), field, number.start, end, label + text[number.start : end], score, basis, number.open
        )


def money(text: str, number: Number) -> tuple[Decimal, int] | None:
    """The sum in 元 and where its words end; None where the number is no money."""
    if number.value is None or number.value <= 0:
        return None
    thousands = _THOUSANDS.match(text, number.end)
    if thousands:
        return number.value * 1000, thousands.end()
    unit = _YUAN.match(text, number.end)
    if unit:
        return number.value, unit.end()
    if not _NOT_MONEY.match(text, number.end) and _is_bare_money(text, number):
        return number.value, number.end
    return None


def _is_bare_money(text: str, number: Number) -> bool:
    """13.5万, 差我五千四, 合计76400: money without its unit, by its size words or by what leads to it."""
    shown = text[number.start : number.end]
    if re.search("[万亿w]", shown):
        return True
    spoken = len(shown) > 1 and shown[0] not in "千百" and bool(re.search("[千百仟佰]", shown))
    year = 1980 <= (number.value or 0) <= 2040
    if not spoken and (year or not _LONE_DIGITS.match(shown)):
        return False
    before = text[max(0, number.start - 20) : number.start]
    if _LEADS.search(before) or _HEADS_BEFORE.search(before):
        return True
    return bool(_ALONE_BEFORE.search(before) and _ALONE_AFTER.match(text, number.end))


def refused(text: str, number: Number, end: int) -> str:
    """Why the sum surely is not what is owed: a rate of pay, other money; ``""`` where neither is sure."""
    left, right = clause_of(text, number.start, end)
    sentence_left, _ = sentence_of(text, number.start, end)
    near, behind = text[left : number.start][-16:], text[number.end : right]
    if _is_rate(near, behind):
        return "rate"
    owed = bool(_LEFT.search(near))
    if other_money.is_other(text, number.start, end, sentence_left):
        return "other"
    said = text[sentence_left : number.start]
    return "other" if _is_other(said, near, behind, _last(_WAGE, near), owed=owed) else ""


def _weight(text: str, number: Number, end: int) -> tuple[float, str] | None:
    """How plainly the words beside a sum make it what is owed, and by which (尚欠, 合计); None where something else."""
    left, right = clause_of(text, number.start, end)
    sentence_left, sentence_right = sentence_of(text, number.start, end)
    before, behind = text[left : number.start], text[number.end : right]
    near = before[-16:]
    left_to_pay = bool(_LEFT.search(near))
    wages = _last(_WAGE, near)
    if other_money.is_other(text, number.start, end, sentence_left):
        return None
    if _is_rate(near, behind) or _is_other(text[sentence_left : number.start], near, behind, wages, owed=left_to_pay):
        return None
    total = bool(_TOTAL.search(near)) or (
        not before and bool(re.search("(?:共计?|合计|总共|一共)，?$", text[: number.start]))
    )
    unpaid = _UNPAID.match(text, end)
    score = 2.0 if left_to_pay else 1.4 if total else 0.0
    apart = not re.sub("[约近共计合超过大概是为达]", "", before) and _WAGE.search(
        text[max(sentence_left, left - 8) : left]
    )
    score += 0.8 if wages >= 0 or apart or _WAGE.match(text[end : end + 6].lstrip("的多余")) else 0.0
    score += 0.9 if unpaid and unpaid.end() - end <= 10 else 0.5 if unpaid else 0.0
    score += 0.5 if _WAGE.search(text, sentence_left, sentence_right) else 0.0
    score += 0.6 if re.search("(?:等着?|盼着?|守着?|挂着)(?:那|这)?$", near) else 0.0
    score += 0.5 if _HEADS_BEFORE.search(text[max(0, number.start - 10) : number.start]) else 0.0
    score += 0.3 if not left_to_pay and not total else 0.0
    score += 2.0 if other_money.is_our_part(before) else 0.0
    score += 0.9 if _MINE.search(near) or _SETTLED_BY.search(near) else 0.0
    return score, "尚欠" if left_to_pay else "合计" if total else ""


def _is_rate(near: str, behind: str) -> bool:
    """每月3500元, 280一天, 一人差一万二: a price of work or one person's part."""
    rate = _RATE_BEFORE.search(near[-14:]) and not re.search("(?:总共|一共|合计|共计?)$", near)
    return bool(rate or _RATE_AFTER.match(behind) or _EACH_BEFORE.search(near) or _EACH_AFTER.match(behind))


def _is_other(said: str, near: str, behind: str, wages: int, *, owed: bool) -> bool:
    """A fine, goods, a contract, what was paid already, what an office counts over a year: not what is owed here."""
    if _OFFICES.search(said) or _SHARES.search(said) or _OTHER_AFTER.match(behind):
        return True
    if _DEBT.search(near) or _TO_A_FIRM.search(near) or _TAKEN.search(near):
        return True
    if _last(_OTHER, near) > wages and (not owed or _OTHER_AT_ONCE.search(near)):
        return True
    return bool(_PAID_BEFORE.search(near)) and not _TO_BE_PAID.search(near)


def _last(pattern: re.Pattern[str], words: str) -> int:
    return max((match.start() for match in pattern.finditer(words)), default=-1)
