"""What stands around a figure (数字周边的用语): kinds of words, on which side, and how near.

One list of kinds serves counts of persons and sums of money. A kind is looked for once in the whole text; what is near
a figure is then looked up. Features are named ``kind.side.reach`` (``owed.before.touch``), so that weights fitted to
them can be read, and the reason for taking a figure can be told in words.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

_WORKER = (
    "农民工|民工|工人|员工|职工|工友|劳动者|务工者|务工人员|打工者|打工人|教师|老师|医生|护士|医护|司机|保洁|保安|骑手|外卖员|快递员|矿工|船员|"
    "服务员|厨师|教练|学徒|[\u4e00-\u9fff][工匠](?![程资地作期艺业会厂钱商具])|师傅|店员|演员|群演|主播|保姆|月嫂|护工|村医|人员"
)
# Kinds by name; the words are those any report of wages uses, not those of one corpus.
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(words))
    for name, words in (
        ("owed", "拖欠|被欠|欠|克扣|截留|拖着|差着|差(?=我|他|她|[0-9一二两三四五六七八九])|扣着|压着|赖"),
        (
            "unpaid",
            (
                "[没未不](?:有|曾|能|肯|见)?(?:按时|足额|全部|再)?(?:给|发|付|结|支付|发放|兑|领|拿|收到|到手|到账|清偿)|一分(?:钱|没|都|也)|待(?:发|付|结)|"
                "悬着|打水漂|没着落|挂着|白条"
            ),
        ),
        ("asked", "讨薪|讨要|追讨|索要|追索|要钱|要账|讨|催|投诉|举报|申请|请求|要求|维权|求助|反映"),
        (
            "paid_out",
            "支付|发放|补发|付清|结清|清偿|兑付|兑现|垫付|还清|给付|打入|打到|打给|转给|转到|到账|到手|领到|拿到|付给|交给|发给|发到|补齐|发清",
        ),
        ("won", "追回|讨回|要回|追发|挽回|执行到位|执结|执行款|案款|达成|调解|帮|为"),
        (
            "wage",
            "工资(?!保证金|专户|专用账户|保函|表|条|卡)|薪(?!水表)|工钱|劳动报酬|血汗钱|劳务费|劳务款|人工费?|报酬|加班费|绩效|辛苦钱|汗水钱|提成|补贴|课时费|稿酬",
        ),
        (
            "other",
            (
                "路费|车费|罚金|罚款|处以|赔偿|补偿|餐费|合同|工程款|进度款|造价|投资|货款|材料|贷款|借款|注册资|押金|定金|保证金|质保金|周转金|成交|拍卖|拍了|标的|收费|利息|"
                "奖励|慰问|租金|房租|流转费|医疗|医药|治疗|机械|台班|设备|彩礼|保险|公积金|社保|首付|总价|中标|结算|审定|营业额|税|利润|转让|服务费|装卸费|网贷|保函|砖款|伙食|"
                "生活费|借支|预付|学费|书本|票|价格|卖|买|市值|产值|损耗|悬赏"
            ),
        ),
        (
            "rate",
            (
                "每(?:个?月|天|日|年|小时|班|吨|亩|平|斤|件|趟|单|车|节|场|张|块|个工)|月薪|日薪|时薪|年薪|底薪|保底|单价|工价|标准|约定|说好|"
                "一(?:个月|天|小时|平|斤|节课|晚上|柜|车|趟|单|吨|件|个工)|/[月天日平]|月工资|日工资"
            ),
        ),
        (
            "each",
            "每(?:个?人|名|位)|人均|平均|各(?=[0-9一二两三四五六七八九])|一位|一个人|一人|最[多少高低小大]|不等|多则|少则",
        ),
        ("total", "共计|合计|总计|总共|一共|共|累计|总额|总数|总金额|金额|加起来|全部|全体|所有|达|涉及|涉"),
        ("left", "[还尚仍](?:拖)?(?:欠|差|有|剩)|余下|剩下|下剩|余款|尾款|剩余|余额|差额|未付清|缺口"),
        (
            "already",
            (
                "(?:已|先|只|仅|才|就|陆续|先后|前后|曾|头一次|第[一二]次|首批|首期|首笔|部分)[^，。！？；0-9]{0,3}?(?:支?付|发|给|打|转|结|领|拿|垫|到)|转了|"
                "给了|付了|发了|打了"
            ),
        ),
        ("among", "其中|另有|另外|还有|其余|其他|其它|包括|含"),
        ("us", "我们|咱们|俺们|我等|我(?!们)|本人|他们|她们"),
        ("with", "带着?|领着|和|与|同|跟|及"),
        ("hire", "雇|招|请|组织|派|找|安排"),
        ("worker", _WORKER),
        (
            "kin",
            "老乡|乡亲|村民|兄弟|弟兄|姐妹|夫妻|媳妇|男人|一家|同村|伙计|小伙|阿姨|大叔|大姐|老表|家人|姑娘|汉子|妇女",
        ),
        (
            "office",
            (
                "民警|警察|警力|交警|特警|消防|干部|领导|律师|法官|检察官|仲裁员|执法|工作人员|记者|调解员|网格员|专班|工作组|检查组|督[查导]组|调查组|志愿者|委员|代表|党员|村委|"
                "司法所|派出所|证人|专家"
            ),
        ),
        (
            "people",
            (
                "股东|老板|被告|嫌疑|包工头|工头|班组长|企业|公司|单位|项目|部门|小区|孩子|子女|小孩|学生|学员|家长|顾客|业主|租客|房东|客户|读者|网友|材料商|供应商|商户|债权人|"
                "旅客|游客|病人|患者|观众|粉丝|消费者|投资者|会员|用户|户|家门店|门店"
            ),
        ),
        ("hurt", "受伤|死亡|遇难|伤者|住院|中毒|被拘|被抓|落网|拘留|轻伤|重伤|获刑|判刑|抓获"),
        ("staff", "原有|现有|在册|在编|编制|拥有|职工总数|从业人员|规模|员工总数|共有员工|注册"),
        (
            "office_work",
            "检查|排查|走访|培训|宣传|座谈|督查|召开|惠及|覆盖|转移就业|登记|受理|办理|今年以来|全省|全县|全市|全州|全国|各级|累计|去年|同比|件",
        ),
        ("apart", "走了|辞职|离职|剩|减员|裁|流失"),
        ("case", "起|案|件|判决|裁决|裁定|判令|责令|应|须|协议|结案"),
        ("money", "[0-9一二三四五六七八九十百千万]\\.?[多余]?(?:万?元|块|万)"),
        ("heads", "[0-9一二两三四五六七八九十百][多余几来]?(?:名|位|人(?!民|均|社)|个人)"),
        ("denied", "不存在|并非|不属实|未发现|没有拖欠|不欠|并未|从未|误传|谣言"),
        ("firm", "公司|业主|甲方|发包|总包|建设单位|开发商|施工单位|分包|劳务队|供应|银行"),
    )
)
WORKER, OFFICE_WORK = (next(pattern for name, pattern in KINDS if name == kind) for kind in ("worker", "office_work"))
_SENTENCE = re.compile("[。！？；\n]")
_CLAUSE = re.compile("[。！？；\n，：]")
_TOUCH = 3  # characters that still are one phrase
_NEAR = 10


@dataclass(frozen=True, slots=True)
class Word:
    """A word of some kind beside a figure; ``apart``: characters between the two."""

    feature: str
    text: str
    apart: int

    @property
    def told(self) -> str:
        """Where the word stands, for a reader: 前3字“拖欠”, 紧接“农民工”."""
        behind = ".behind." in self.feature
        if self.apart <= 0:
            return f"{'后接' if behind else '前接'}“{self.text}”"
        return f"{'后' if behind else '前'}{self.apart}字处“{self.text}”"


class Surroundings:
    """Where the words of each kind, the clauses and the sentences of one text lie."""

    __slots__ = ("_breaks", "_clauses", "_ends", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        for name, pattern in KINDS:
            spans = [match.span() for match in pattern.finditer(text)]
            if spans:
                self._starts[name] = [start for start, _ in spans]
                self._ends[name] = [end for _, end in spans]
        self._breaks = [match.start() for match in _SENTENCE.finditer(text)]
        self._clauses = [match.start() for match in _CLAUSE.finditer(text)]

    def beside(self, start: int, end: int) -> list[Word]:
        """The nearest word of each kind on either side of ``text[start:end]`` within its sentence."""
        found: list[Word] = []
        left, right = self._within(self._breaks, start, end)
        clause_left, clause_right = self._within(self._clauses, start, end)
        for name, starts in self._starts.items():
            ends = self._ends[name]
            at = bisect_right(ends, start) - 1
            if at >= 0 and starts[at] >= left:
                apart = start - ends[at]
                crossed = 0 if starts[at] >= clause_left else self._crossed(ends[at], start)
                found.append(Word(f"{name}.before.{_reach(apart, crossed)}", self.text[starts[at] : ends[at]], apart))
            at = bisect_left(starts, end)
            if at < len(starts) and ends[at] <= right:
                apart = starts[at] - end
                crossed = 0 if ends[at] <= clause_right else self._crossed(end, starts[at])
                found.append(Word(f"{name}.behind.{_reach(apart, crossed)}", self.text[starts[at] : ends[at]], apart))
        return found

    def _crossed(self, start: int, end: int) -> int:
        return bisect_left(self._clauses, end) - bisect_left(self._clauses, start)

    def _within(self, marks: list[int], start: int, end: int) -> tuple[int, int]:
        at = bisect_left(marks, start)
        left = marks[at - 1] + 1 if at else 0
        at = bisect_left(marks, end)
        right = marks[at] if at < len(marks) else len(self.text)
        return left, right


def _reach(apart: int, crossed: int) -> str:
    if crossed == 0:
        return "touch" if apart <= _TOUCH else "near" if apart <= _NEAR else "clause"
    return "next" if crossed == 1 else "sentence"


@lru_cache(maxsize=32)  # persons and money are looked for in the same text, one after the other
def surroundings(text: str) -> Surroundings:
    """What stands where in ``text``."""
    return Surroundings(text)
