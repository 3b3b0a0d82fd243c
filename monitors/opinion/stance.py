"""Where the matter stands: wages still owed, a neutral account (policy, notice, statistics), or paid.

Judged by the stage of the event, never by the tone: who *was* paid counts, what is promised, ordered or hoped does not.
Rules answer first, one outcome after another; the signs of ``stance_signs`` weighed together may overrule them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from monitors.opinion import labour, stance_model
from monitors.opinion.mentions import Reading
from monitors.opinion.model import Stance
from monitors.opinion.stance_events import Event, events
from monitors.opinion.stance_signs import signs

Field = Literal["title", "text"]

_LEAD = 120  # news tells the outcome first and the story after it

# Totals over many cases are statistics, whoever was paid in them.
_STATISTICS = re.compile(
    "(?:共|累计|查办|查处|执结|办理|办结|受理)[^，。！？；]{0,14}(?:案件|案)[0-9.]{1,12}万?(?:余|多)?件|全省[^。]{0,20}(?:查办|追讨|追发)|"
    "(?:全国|全省|全市|全县|全州|各级|各地)[^。]{0,30}(?:追发|追回|追讨|查处|检查|执结|执行到位)|共(?:查处|检查|办理)[^。]{0,20}(?:户|件|起)|涉及企业[0-9]{1,12}家"
    "|(?:接到|受理|收到)[^，。！？；]{0,10}(?:举报|投诉|线索)[^，。！？；]{0,8}[0-9.]{1,12}万?[余多]?[件起条]|同比(?:下降|上升|减少|增加)"
    "|审结[^，。！？；]{0,12}[件起]"
    "|办理[^，。]{0,20}[0-9]{1,12}起[^。]{0,20}涉及金额"
)
_HEDGED = re.compile(
    "未|没|不(?!到)|部分|才能|何时|吗|承诺|答应|保证|将(?!拖|所|欠|被)|年前|责令|要求|希望|限期|计划|力争|拟|应当|尽快"
)
_FIRST_PERSON = re.compile("我们|本人|我(?!国|市|县|省|州|区|院|局)")
_ADVICE = re.compile(
    "怎么办|是什么|能否|可以吗|如何维权|怎么维权|教你|标准是|法院这样判|以案说法|小贴士|一图读懂|记住这|律师(?:解答|提醒|支招)|如何收集"
)
_GENERAL_HEAD = re.compile(
    "^(?:治理|整治|根治|严惩|严查|打击|遏制|加强|确保|保障)"
    "|(?:人社部|人社厅|住建部|最高法|最高检|全国总工会|国务院|人大)[：:]?[^，。]{0,12}(?:治理|加强|严惩|严查|部署|要求|印发)"
)
# A call for reports, a notice served: the office's own paper, whatever sum or firm it names.
_NOTICE_OF = re.compile("关于[^。]{0,40}的?(?:公告|通告|送达)$|征集[^，。]{0,8}线索|(?:线索|问题)征集")
_FIRM = 0.65
_RETOLD = "迟来的劳动所得已到手"
# Which events speak for a stance that the signs found, and how a reader is told.
_TOLD_BY: dict[Stance, tuple[tuple[str, ...], str]] = {
    "resolved": (("paid",), "已支付或已解决"),
    "unresolved": (("unpaid", "part", "promised"), "工资尚未支付"),
    "neutral": (("ordered", "promised"), "已裁判、责令或约定支付"),
}
Span = tuple[Field, int, int]

# Money reached the workers (or the dispute ended); what stands before may turn it into a promise.
_PAID = re.compile(
    "(?:拿到|领到|领取|收到|讨回|要回|追回|取回|讨到|要到)(?:了)?[^，。！？；]{0,16}?(?:工资|工钱|薪水|欠薪|血汗钱|薪资|报酬|案款|劳务费|欠款|辛苦钱|血汗|薪)"
    "|(?:工资|工钱|薪水|欠薪|血汗钱|薪资|报酬|劳务费|欠款|款项|薪酬|钱款?|案款)[^，。！？；]{0,10}?(?:全部|均已|都已|已经|已|足额|悉数|如数|全额)[^，。！？；]{0,6}?(?:发放|付清|结清|支付|到账|到手|兑付|兑现|追回|发了|发给|结算|补发|清偿|执行到位|还清|发到|拿到)"
    "|(?:全部|已经|已|均已|足额|悉数|如数|全额)(?:发放|付清|结清|支付|兑付|兑现|补发|偿还|还清)(?:完毕|到位|了)?[^，。！？；]{0,10}?(?:工资|工钱|薪|劳动报酬|欠款|劳务费)"
    "|(?:付清|结清|兑付|支付)(?:了)?(?:全部|所有|拖欠的?)[^，。！？；]{0,8}(?:工资|工钱|欠薪|薪资|劳动报酬)"
    "|(?:拖欠|所欠|欠)[^，。！？；]{0,12}(?:工资|工钱|薪资|报酬)[^，。！？；]{0,6}(?:付清|结清|发给|全部支付|得到了?(?:全额|足额)?支付|全部付)"
    "|(?:被欠的?|拖欠的?)(?:工资|工钱|薪)[^，。！？；]{0,4}(?:发了|到手|到账|拿到)|工资(?:已经?)?(?:发了|结清|结算)(?!吗)"
    "|(?:将|把)?[^，。！？；]{0,4}(?:拖欠|所欠|欠)的?[^，。！？；]{0,12}(?:工资|工钱|薪资|报酬|薪水)[^，。！？；]{0,12}(?:全部|已|一次性|悉数)?(?:付清|结清|还清|清偿|支付到位|全部支付|补齐)"
    "|要到了?[^，。！？；]{0,4}(?:工钱|工资|血汗钱|钱)|钱?款?[块已己][^，。！？；]{0,4}(?:全部)?(?:到手|到账)|(?:拿到|领到)手|发放[^，。！？；]{0,10}(?:执行款|案款)|执结|执行到位|执行完毕|履行完毕|案结事了|(?:送来|送上|赠送|带着|一面)[^，。！？；]{0,10}锦旗|锦旗|(?:讨薪|薪)[^，。！？；]{0,4}成功|成功(?:讨|追|要)回|(?:薪资|工资|工钱)已(?:结清|结算|发放|支付|补发)"
    "|(?:已|全部)(?:到手|到账)|得到(?:了)?(?:圆满|妥善|顺利)?解决|问题(?:已|得到)(?:经)?(?:圆满|妥善)?解决|拿到了?(?:欠薪|工资|钱)|兑现[^，。]{0,4}(?:案款|工资)|现已发放|已(?:全部)?(?:补发|发放|兑付|兑现)|握手言和|圆满化解|化解了[0-9一二三四五六七八九十]{1,12}件"
)
_WAGE = "(?:工资|工钱|薪水|欠薪|薪资|报酬|劳务费|课时费|辛苦钱|血汗钱|薪酬|执行款|案款)"
# The same told by aspect: on the day, at last, to the last cent, into the hand.
_DONE = re.compile(
    f"(?:领完|领回|喜领|领走|拿回|结完|领到|拿到)(?:了)?[^，。！？；]{{0,10}}?(?:{_WAGE}|[0-9.]{{1,12}}万)|(?:领|领到|领了)钱(?:回家|后)|(?<![没未能])(?:领到|拿到)了?钱后"
    f"|(?:{_WAGE}|[0-9]元|万元?|款|钱)[^，。！？；]{{0,14}}?(?:打到|转到|发到|送到|汇到|汇入|打入|交到|打进|到了)[^，。！？；]{{0,10}}?(?:卡|账|手|病床|家)"
    f"|(?:{_WAGE}|[0-9]元|万元?)[^，。！？；]{{0,12}}?(?:当面|全部|已|悉数)?(?:交给|打款(?:到账)?|签收|有了着落)|(?:讨|要|追)回来了|{_WAGE}[^，。！？；]{{0,4}}有了着落"
    f"|(?:当场|当天|当面|当日|现场)(?:就)?(?:付给|付清|给付|兑付|支付给|结给)|{_WAGE}[^，。！？；]{{0,4}}(?:全部|悉数|如数|全额)(?:到账|领|发放|打进|打到)"
    f"|{_WAGE}[^，。！？；]{{0,8}}?(?:全部|最后)?[^，。！？；]{{0,4}}打进|(?:最后|全部)[^，。！？；]{{0,6}}{_WAGE}[^，。！？；]{{0,4}}(?:打进|打到|发到|到账)"
    f"|{_WAGE}[^，。！？；]{{0,6}}?(?:全部|悉数|全额|如数|一并)?(?:补齐|补上|还清|返还|付讫|领齐|兑现)(?!吗|前)|(?:案款|款项)[^，。！？；]{{0,4}}(?:全部|全额|足额|悉数|如数)(?:返还|退还|发还)"
    f"|(?:领齐|补齐|还清|讨还)(?:了)?[^，。！？；]{{0,12}}?{_WAGE}|(?:连本带利|一分不少|如数|全额)[^，。！？；]{{0,6}}(?:补给|付给|还给|转给|发给)|(?:全额|全部|足额|悉数)支付(?:了)?(?:所欠|拖欠|欠)[^，。！？；]{{0,8}}{_WAGE}"
    f"|一分不少|(?:转来|付来|补来)[^，。！？；]{{0,6}}(?:未付|拖欠|所欠|欠)|发放给[^，。！？；]{{0,8}}(?:工人|职工|员工|民工|劳动者)"
    f"|如数领|(?:发到|送到|交到)[^，。！？；]{{0,10}}?手(?:里|中|上)"
    f"|{_WAGE}[^，。！？；]{{0,10}}?终于[^，。！？；]{{0,4}}(?:发|到|结|拿|有了着落|给)"
    f"|欠[^，。！？；]{{0,10}}?(?:{_WAGE}|钱)[^，。！？；]{{0,8}}?终于[^，。！？；]{{0,4}}(?:发|到|结|给)"
    f"|{_WAGE}[^，。！？；]{{0,8}}?(?:现场|当场|当天|当日|当晚|凌晨|一次性?|连夜|一分不少|分文不少)[^，。！？；]{{0,6}}?(?:结清|付清|转账|发放|支付|兑付|到账|补发)"
    f"|(?:现场|当场|当天|当晚|一次性|连夜)[^，。！？；]{{0,16}}?{_WAGE}[^，。！？；]{{0,4}}?(?:转账|付清|结清|发放|到账)"
    f"|(?:结清|付清)[^，。！？；]{{0,8}}?{_WAGE}"
    f"|纠纷[^，。！？；]{{0,6}}(?:化解|了结|办结)|补发(?:了)?(?:拖欠|所欠|被欠|欠)?[^，。！？；]{{0,12}}?{_WAGE}(?=[，。；]|$)"
    f"|{_WAGE}[^，。！？；]{{0,4}}(?:全部|悉数|如数)?(?<![不没未难])到账(?!吗|时间|情况)|(?:一分不少|分文不少|如数)[^，。！？；]{{0,4}}(?:到手|到账|领到|拿到)"
)
_CONTRAST = re.compile(
    "还欠|仍欠|又欠|又赖|又拖|又没|(?:其余|余下|剩下|剩余|另外|另一半|还有)[^。！？]{0,20}(?:未|没|仍|继续|不|再说)|还有[^。！？]{0,10}欠"
)
# Ordered, begged or asked for, however far in the clause the verb stands.
_ORDERED = re.compile(
    "(?:督促|责令|要求|判令|判决|下令|限期|命令|请求|恳请|希望|盼|能不能|能否|何时|什么时候|怎样|如何|呼吁|请(?!进|来|到|客|假)|必须|凭什么|谁来)[^，。！？；]{0,40}$"
)
_NOT_YET = re.compile(
    "(?:承诺|答应|保证|要求|责令|督促|希望|确保|必须|能否|何时|才能|如何|怎么|将|力争|争取|计划|未|没|没有|不|尽快|早日|帮助?我们|协助|请求|恳请|怎样|为了|想|欲|尚未|并未|盼|望|无法|难以|等着|等待|以便|"
    "如果|若|判决|判令|裁决|应当|应该|应予|需|拟|可以|能够|让我们|帮(?!工|厨|扶)|预计|年前|限期|负责人称|表示会|表态|说好|约定|号称|谎称|骗称|称|只|仅|部分|一部分|才|曾|少数|个别|本地|当地|仍)[^，。！？；]{0,12}$"
)
_PROMISED = re.compile(
    "(?:承诺|答应|保证|表示|力争|争取|将(?:于|在)?|计划|年前|月底前|限期|分期|分批|督促|责令|约谈|正在|协调)"
)
_STILL = re.compile(
    "至今|仍未|仍没|尚未|还没|还欠|尚欠|仍欠|迟迟|分文未|没有结果|未果|无果|一拖再拖|再次拖欠|又拖欠|没有拿到|没拿到|拿不到|失联|跑路|联系不上|拒不(?!支付劳动报酬)|拒绝|潜逃|逃匿|不了了之|石沉大海|无人"
)
_NOTICE_TITLE = re.compile(
    "回应|通报|公布|约谈|官方|辟谣|不实|不属实|谣言|否认|假$|立案|介入|核实|责令|全在岗|在岗|发布|要求|部署|印发|开展|召开|推进|建议|答复|通知|典型案例|办理|支持起诉|列入[^，]{0,20}名单|名单$"
)
_NOTICE_SAYS = re.compile(
    "(?:回应|通报|官方|局|委|部门|政府|公司|警方|当地|区|县|院)(?:称|表示|通报|回应|介绍|发布|答复)[^。！？]{0,60}(?:已|正在|不属实|不存在|将|责令|立案|督促|协调|工时正常)"
)
_EMPLOYER_SAYS = re.compile(
    "(?:公司|企业|老板|厂方|厂家|园区|店方|酒店|负责人|经理|工厂|矿方|中介|机构)(?:[^，。！？；]{0,4})?(?:回应|否认|声明|发文|辟谣|称|喊冤)"
)
_RUMOUR = re.compile("传闻|谣言|不属实|不实|网传")
_ACCUSED = re.compile(
    "曝|举报|投诉|讨薪|讨要|拖欠|被欠|围堵|堵路|停运|停工|罢工|绝食|自焚|跳楼|被打|殴打|无人上课|血汗钱|求助|控诉|哭诉|未果|失联|跑路"
)
_POLICY = re.compile(
    "推进会|专项行动|部署|条例|宣传|冬季行动|攻坚行动|专项治理|督查|典型案例|长效机制|信用修复|联合下发|联合发布|工作会议|会议强调|会议指出|会议要求|印发|方案|两清零|制度|"
    "办法|细则|出台|十五五|十四五|建议答复|座谈会|培训班|表扬|先进单位|保障农民工工资支付|强化|健全|压实|源头治理|动态清零|法律援助工作站|咨询|排查|摸排|抽查|暗访|走访|巡查|出动|严禁|开通|畅通|未发现|周转金|保证金|承诺书|公布[^，。]{0,12}(?:电话|渠道|热线)|(?:检查|整治)(?:组|行动)|宣讲|解读|看懂|一图|白皮书|自查|集中约谈|零容忍|专用账户"
)
_COUNTS = re.compile(
    "(?:全国|全省|全市|全区|全县|全州|各地|各级|共(?:查处|办理|检查|追发|为)|同比|累计|今年以来|截至目前|一季度|上半年|[0-9]{1,12}(?:起|件|批)|第[一二三四五六]批|首批|黑名单)"
)


@dataclass(frozen=True, slots=True)
class StanceFound:
    """The stance, and the words it rests on (field, start, end in the view, Chinese reason).

    ``lean`` −1…1: how much likelier paid is than owed, by the signs.
    """

    stance: Stance
    policy: bool
    evidence: tuple[tuple[Field, int, int, str], ...]
    lean: float = 0.0


def judge(title: Reading, text: Reading, *, specific: bool) -> StanceFound:
    """Where the matter stands. ``specific``: a concrete claim (persons, sum, employer, first person) was found.

    Raises:
        SettingsError: the shipped weights cannot be read.
    """
    ruled = by_rules(title, text, specific=specific)
    shares = stance_model.shipped().shares(weighed(title, text, ruled))
    lean = round(shares.resolved - shares.unresolved, 4)
    chosen = ruled.stance if _settled_by_head(ruled, title, text) else shares.chosen(ruled.stance)
    if chosen == ruled.stance:
        return replace(ruled, lean=lean)
    return StanceFound(chosen, False, _telling(chosen, title, text), lean)


def _settled_by_head(ruled: StanceFound, title: Reading, text: Reading) -> bool:
    """Whether the headline alone decides, and no sign outweighs it.

    Said plainly to be paid, or ordered to be; or the employer's denial where the text tells that wages are owed.
    """
    head = title.view.text
    if ruled.stance == "unresolved":
        denies = _EMPLOYER_SAYS.search(head) and not _RUMOUR.search(head)
        return bool(denies) and any(one.mood == "stated" for one in text.mentions)
    if not ruled.evidence or ruled.evidence[0][0] != "title":
        return False
    _, start, end, _ = ruled.evidence[0]
    return ruled.stance == "resolved" or (ruled.stance == "neutral" and head[start:end] == "责令")


def weighed(title: Reading, text: Reading, ruled: StanceFound) -> dict[str, float]:
    """The signs of a report with the rules' answer among them: what ``stance_model`` weighs."""
    found = signs(title, text)
    account = None if _told_plainly(title, text) else labour.find(title, text)
    if account:
        found[f"account_{account.outcome}"] = account.strength
    found[f"rules_say_{ruled.stance}"] = 1.0
    if ruled.policy:
        found["rules_say_policy"] = 1.0
    if ruled.stance == "resolved" and ruled.evidence[0][3] == _RETOLD:
        found["rules_say_retold"] = 1.0
    if ruled.stance == "neutral" and ruled.evidence:
        found["rules_say_answer"] = 1.0
    return found


def _telling(stance: Stance, title: Reading, text: Reading) -> tuple[tuple[Field, int, int, str], ...]:
    """The words a stance found by the signs rests on, the last told first: the end of a story decides."""
    kinds, why = _TOLD_BY[stance]
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    told: list[tuple[Field, Event]] = [(field, one) for field, reading in fields for one in events(reading.view.text)]
    return tuple((field, one.start, one.end, why) for field, one in reversed(told) if one.what in kinds)[:3]


def by_rules(title: Reading, text: Reading, *, specific: bool) -> StanceFound:  # noqa: PLR0911 - one after another
    """What the rules say, one outcome after another."""
    if _is_policy(title, text, specific=specific):
        return StanceFound("neutral", True, ())
    t_text, x_text = title.view.text, text.view.text
    if _NOTICE_OF.search(t_text):
        return StanceFound("neutral", True, ())
    answered = _official_answer(title)
    paid: list[Span] = [("title", *span) for span in _paid(t_text)] + [("text", *span) for span in _paid(x_text)]
    if paid and _settles(paid, title, text, answered=bool(answered)):
        return StanceFound("resolved", False, tuple((*span, "已支付或已解决") for span in paid[:3]))
    if answered:
        return StanceFound("neutral", False, (("title", *answered, "官方回应或通报"),))
    late = None if _told_plainly(title, text) else labour.find(title, text)
    if late and late.outcome == "paid" and late.strength >= labour.PLAIN:
        return StanceFound("resolved", False, ((late.field, late.start, late.end, _RETOLD),))
    said = _NOTICE_SAYS.search(x_text) if not t_text else None
    if said and not specific and not _STILL.search(x_text):
        return StanceFound("neutral", False, (("text", *said.span(), "官方回应或通报"),))
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    owed = [(field, m.start, m.end, "工资尚未支付") for field, reading in fields for m in reading.mentions[:2]]
    if late and not owed:
        owed.append((late.field, late.start, late.end, "劳动所得尚未到手"))
    return StanceFound("unresolved", False, tuple(owed[:3]))


def _told_plainly(title: Reading, text: Reading) -> bool:
    """Whether the report says in so many words that wages are owed: then what was paid must be said as plainly."""
    return any(m.strength >= _FIRM and m.mood == "stated" for m in (*title.mentions, *text.mentions))


def _settles(  # noqa: PLR0911 - one refusal after another
    paid: list[Span], title: Reading, text: Reading, *, answered: bool
) -> bool:
    """Whether what was paid ends the matter: not one instalment in a complaint, not an employer's word against it."""
    t_text, x_text = title.view.text, text.view.text
    thanks = re.search("感谢|谢谢|锦旗", t_text + x_text[:120]) or "锦旗" in x_text
    asks = len(text.of("petition"))
    settled = answered and any(at == "title" for at, _, _ in paid)
    if not settled and (asks >= 2 or (asks and re.search("我们|我等|我的", x_text))) and not thanks:
        return False
    told_as_owed = any(m.strength >= 0.65 and m.mood == "stated" for m in title.mentions)
    if told_as_owed and not thanks and len(_FIRST_PERSON.findall(x_text)) >= 3 and not _paid(t_text):
        return False  # a complaint that tells of one payment is still a complaint
    in_title = [end for field, _, end in paid if field == "title"]
    if _CONTRAST.search(t_text) or any(_CONTRAST.search(x_text, end, end + 60) for at, _, end in paid if at == "text"):
        return False
    if in_title:
        return not _STILL.search(t_text, max(in_title))
    if answered or _STATISTICS.search(x_text):
        return False
    if any(start < _LEAD for _, start, _ in paid):
        return True
    last = max(end for _, _, end in paid)
    return not _STILL.search(x_text, last)


def _official_answer(title: Reading) -> tuple[int, int] | None:
    """A headline in which an authority (or the employer) answers, publishes or orders, and nothing graver leads."""
    head = title.view.text
    notice = _NOTICE_TITLE.search(head)
    if not notice or re.search(
        "曝|举报|投诉|求|恳|尊敬|为我们|仍有|仍未|再次|屡|被打|殴打|围殴|追砍|自焚|绝食|获刑|判刑", head
    ):
        return None
    if re.search("(?:当事人|员工|网友|家属|工人|民工|受害人|讨薪者|记者|律师|演员)$", head[: notice.start()]):
        return None  # the answer of one who is owed is part of the conflict
    if _EMPLOYER_SAYS.search(head) and not _RUMOUR.search(head):
        return None  # the employer's word against the workers'
    if notice.group() in ("要求", "办理", "建议") and _ACCUSED.search(head):
        return None
    firm = [m for m in title.mentions if m.strength >= 0.65 and m.mood in ("stated", "supposed")]
    if firm and firm[0].end <= notice.start() and re.search("[，：；]", head[firm[0].end : notice.start()]):
        return None  # "…拖欠工资，官方回应…": the arrears lead, the answer follows
    return notice.span()


def _paid(text: str) -> list[tuple[int, int]]:
    """Spans that say money was paid: not promised, ordered, hoped for, asked about or paid in part."""
    found = []
    for match in (*_PAID.finditer(text), *_DONE.finditer(text)):
        before = text[max(0, match.start() - 16) : match.start()]
        if _NOT_YET.search(before) or _HEDGED.search(match.group()):
            continue
        if _ORDERED.search(text[max(0, match.start() - 40) : match.start()]):
            continue
        if re.match(
            "[^，。！？；]{0,6}(?:承诺|责任书|制度|义务|吗|？|才|难)|后(?:再|才|会)",
            text[match.end() : match.end() + 8],
        ):
            continue
        found.append(match.span())
    return found


def _is_policy(title: Reading, text: Reading, *, specific: bool) -> bool:
    """Meetings, rules, campaigns and statistics: no one employer owes anyone here."""
    head = title.view.text or text.view.text[:120]
    if not _told_plainly(title, text) and labour.rules(head, head + "\n" + text.view.text[:160]):
        return True
    if not specific and (_GENERAL_HEAD.search(head) or _ADVICE.search(head)):
        return True
    whole = head + "\n" + text.view.text[:400]
    score = 1.5 * bool(_POLICY.search(head)) + 0.5 * len(set(_POLICY.findall(whole)))
    score += 0.7 * bool(_COUNTS.search(whole)) + 1.0 * bool(title.of("topic")) + 0.3 * len(text.of("topic"))
    firm = [m for m in (*title.mentions, *text.mentions) if m.strength >= 0.65]
    if firm and all(m.mood == "preventive" for m in firm) and not _paid(head):
        score += 2.0
    if _STATISTICS.search(whole):
        score += 3.0
        specific = False if _STATISTICS.search(head) else specific
    return score - 2.5 * specific >= 2.0
