"""Arrears told without the words for them: work done, money due for it, and what became of the money.

Read only where the grammar of ``mentions`` found nothing plain. An account needs three families of meaning near each
other: somebody who works (or work told of), pay due (its name, a rate, a sum, a month), and an outcome: not given, put
off, the payer gone; or given at last. Rent, refunds, goods and gifts beside it count against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from monitors.opinion.mentions import Reading

Outcome = Literal["owed", "paid"]
Field = Literal["title", "text"]

PLAIN = 0.4  # from this strength on an account is a case told without the words
_READ = 450  # characters of the text looked at: an account that matters begins before
_REACH = 90  # characters on either side of an outcome that belong to its account
_CLEAR = 0.5  # from this strength on an outcome counts as told
_SHORT, _SHORT_BONUS = 60, 0.3  # a headline has no room for all that a report tells
_SEEN = 16  # outcomes weighed in one report
_N = "[0-9一二两三四五六七八九十百千几数半]"


def _each(firsts: str, rest: str) -> str:
    """``rest`` behind each of ``firsts`` (words, by spaces), written out.

    A pattern all of whose choices begin with a plain character skips the rest of a text some ten times faster than one
    with a class, a group or a look behind at the start of any choice.
    """
    return "|".join(f"{first}{rest}" for first in firsts.split())


# 分拣工, 架子工, 计件工: a trade; 施工, 职工, 工程 are no trades.
_TRADE = (
    "工(?<=[一-鿿]工)(?<![施开完竣停复罢动分化理军美特神人手招用天监旷误重轻赶打包同总怠省市县区州院校党]工)"
    "(?![作程业厂地资艺商会期学具夫伤种序龄口行委信党钱科段本薪体质])"
)
# 采核桃的先把…, 扎灯的人: people named by what they do.
_DOER = _each(
    "搬 捡 扎 采 摘 洗 割 砍 修 搭 背 剥 揉 挑 挖 砌 刷 装 扛 赶 喂 守 炒 拉 卸 掰 栽 种 薅 拣 铺 拆 抬 锯 削 筛 串 缝",
    "了?[一-鿿]{0,3}的(?=人(?!行|民|[才生间])|阿[姨嬢]|嬢|师傅|姐妹|大姐|小伙|伙计|妇女|老人|老汉|"
    "[0-9一二两三四五六七八九十几多来]{1,4}[个名人位]|先|还|也|都|没|拿|等|把)",
)
_JOB = (
    "员(?<=(?:分拣|保洁|售货|收银|售楼|配送|派件|放映|讲解|护林|饲养|押运|协管|理货|质检|仓管|保管|炊事|安检|救生|乘务|检票|促销|外卖|"
    "巡检|测量|资料|安全|操作|养护|清洁|巡护|接线|话务|投递|派送|驾驶|快递|服务|营业)员)|店员"
    "|师(?<=(?:按摩|理发|发型|面点|美容|摄影|化妆|咖啡|调酒|瑜伽|舞蹈|造价|测绘|烘焙|纹绣|美甲)师)|讲师|厨师"
    "|手(?:(?<=[鼓琴歌乐]手)|(?<=(?:唢呐|吉他|吊车|铲车|挖机)手)|(?<=(?:拖拉机|收割机|挖掘机)手))"
    "|司机(?<=(?:挖机|铲车|吊车|货车|校车|泵车|土车|路机)司机)"
    "|老师(?<=(?:晚托|托管|代课|临聘|外聘|兼职|编外|钢琴|舞蹈|培训)老师)"
)
_WHO = re.compile(
    f"{_JOB}|{_TRADE}|{_DOER}|匠(?![人心])|徒弟|伙计|帮工|船工|保洁|工人|工友|民工(?<!移民工)|员工(?<![球演行]员工)|职工|师傅|班组|施工队|劳务队|打工[人仔妹者]|务工(?:人员|者)|导购|收银|后厨|帮厨|骑手|保安|群演|场务|"
    "实习生|学徒|小工|临聘|代课|劳动者|主播|运营|伴舞|演员|前东家|包工头|工头|带班|班长|护工|保姆|月嫂|技师|编外"
)
# A workplace told of in one's own voice.
_WORKPLACE = re.compile(
    "我们(?:单位|公司|厂|店|校|院|科室|部门|老板)|公司让|hr|人事|同事|"
    + _each(
        "财务 老板 店长 店主 馆长 园长 校长 经理 厂长 工头",
        "[^，。！？；]{0,4}(?:说|讲|回|叫|让|就|只|总|一直|每次|画饼)",
    )
    + "|前东家|老东家|单位"
)
_WHO_ALSO = re.compile(
    "老师|教师|幼师|护士|医生|医护|司机|教练|助理|阿姨|阿嬢|大姐|孃孃|嬢嬢|姐妹|妇女|小伙|姑娘|弟兄|兄弟|老表|老乡|乡亲|村民|农户|寨子|"
    f"店主|店长|老板|馆长|园长|财务|hr|我们(?:单位|公司|厂|店|校|院)|单位|公司|我们{_N}{{1,4}}个?人|我爸|我哥|我弟|我老公|我男人|我家男人|我婆娘|我媳妇|我爷爷|我妈|父亲|丈夫|爱人|同事|编辑|设计师|程序员|会计|厨师|工程师|船员"
)
_WORK = re.compile(
    "干活|干了|干完|干满|干到|活干|活做|活路|活计|做工|做了|做完|做满|上班|上了|的班|个班|夜班|白班|班[全都]|站班|上工|出工|收工|完工|工地|工棚|进场|撤场|封顶|竣工|验收|"
    "搬[了完运]|背[了完水砂沙]|扛|卸[了完货]|采[果茶摘]|摘[了完]|剥[了核完]|削皮|分拣|割胶|砍[了完]|栽[了完]|搭[了完棚大]|建好|修好|修完|装[了完修]|刷[了完墙]|铺[了完]|砌|焊|浇筑|支模|贴砖|挖机|看夜|开叉车|开挖机|砌墙|砌挡墙|罢岗|"
    "离职|辞职|辞退|入职|试用期|实习|打工|务工|帮工|雇|喊[了我叫]|外墙|翻新|栈道|安装|代工|车间|跑单|配送|送货|课时|带课|课消|上课|值班|加班|出勤|考勤|工时|记工|"
    f"直播间|驻场|每晚演|拍戏|拍完|杀青|守夜|看场|场(?<={_N}场)|趟(?<={_N}趟)|流水线|劳动|忙了|忙活|忙到|赶工|通宵|连轴转|起早|天没亮|带了|教了|派了|送了|唱了|演了|拍了|洗了|扎了|缝了|织了|炒了|挖了|守了|熬了|看了[^，。]{{0,4}}?[门场店山]|代驾|跑了[^，。]{{0,6}}?[趟单]|{_DOER}"
)
_RATE = re.compile(
    f"(?:[一每][人天日班晚斤件趟方吨场节单票袋亩个]|按[斤天件趟班方吨亩米场单月班]{{1,3}})[^，。！？；]{{0,6}}?(?:{_N}{{1,6}}[元块]?|算钱|算账|结)|底薪|提成|计件|日结|月结|包工"
)
_DUE = re.compile(
    "工资|薪|工钱|酬劳|酬金|报酬|底薪|提成|绩效|奖金|通告费|力费|费(?<=(?:搬运|背运|装卸|人工|工时|手工|加工|劳务|课时|跑单|采摘|安装|出场|砍工|剥工|代课|值班|加班|派件)费)|趟数钱|单费|计件|手工[，。钱]|"
    + _each("夜班 加班 值班 岗位 工龄 全勤 出差", "(?:[补津][贴助]|费|奖)")
    + "|"
    + _each("说 讲 约 谈", "好[^，。！？；]{0,10}?[算结清发给付]")
    + "|"
    + _each("去年 前年 上季 春天 夏天 秋天 冬天 暑假", "的(?:钱|账|工)")
    + "|"
    "清算款|辛苦钱|血汗钱|汗水钱|工程?账|应得[的款]|应发|开支|开工资|记工[本单]|工分|工天|误工|人工|工价|手工钱|考勤表|尾数|工资卡|口袋|该得|分期|欠条|白条|结算单|账本|记账|欠账|月(?<=[0-9一二三四五六七八九十上个]月)份?的(?!班)"
)
_WAGE = re.compile("工资|薪水|薪资|工钱|底薪|提成|绩效|劳动报酬|课时费|加班费|劳务费")
_MONEY = re.compile(
    f"钱|账|现金|转账|{_N}[0-9.,一二两三四五六七八九十百千万]{{0,9}}[多余来]?(?:元|块|万|千(?!米)|百)|尾数|一分"
)
# Money that did not come.
_UNPAID = re.compile(
    _each(
        "没 未",
        "有?再?(?:给|发(?![现展生])|结(?!束|果|婚)|开(?=[过支工。，！？”]|$)|见(?:[到着过]|影)|拿[到着过]|领[到着过]|算给|算[过清]|付|兑[现付]|进账|到账|入账|收到|着落|音信|"
        "下文|报酬|钱|了?踪|影|要到)",
    )
    + "|"
    "不(?<!给不)(?:给|肯给|结(?!束|果)|认账|发[钱放工](?!工?资[条单])|兑现)|欠(?<![不亏没有]欠)(?<!不拖欠)(?<!有拖欠)(?<!未拖欠)(?<!没拖欠)(?<!止拖欠)"
    "(?!缺|佳|妥|费|下)|"
    "差(?<=[还仍共]差)|差[着我他]|"
    + _each("压 押 扣 卡 拖 赖 吊 悬", "(?:着|下|了|在|住)")
    + "|白(?<![明空清]白)(?:干|做|站|跑|忙|上|过|背|搬|演|苦|教|派|洗|扎|修|盖|装|采|摘|送|带|熬|守)|"
    '成了[“"]?(?:坏账|泡影|空|死账)|坏账|打了?水漂|烂账|泡汤|悬[在而]|要不[到来回]|拿不[到出]|领不[到]|讨不[到]|兑不了|等着|还在等|等[了着]|苦等|干等|'
    "打地铺|守[在着了]|晾在|问到|拖到|等到|挂到|熬到|挂[在着]|走[程流]|没人接|血汗|像是白|不认|找谁[要说]|扯不清|闭口不提|绝口不|一问三不知|装(?:糊涂|睡|死|聋)|含糊|赖|一句话|影子|押在|只见[着到]|没响|没动静|没人[管认]|只剩|换来|再(?:也)?没(?!有人)|没有?第[二三]|不关[他我]|旧账|扯皮|空手|两手空|回不了家|互相推|推来推去|账上没钱|讨说法|第一期|到头来|拿到一分|见到一分|"
    "没了(?:下文|着落|影|音)|怎么算(?=$|[，。？！\n])|等[^，。！？；]{1,6}?(?:费|钱|款|工资)等|没个准|少(?:给|发|算|结)|讨(?:要|个?说法|薪|账|钱)|喊话|要(?:奖金|绩效|工资|钱|账|个说法)|仲裁|分文|没钱|无钱|挪[用走]|卷[走钱款]|"
    "什么时候(?:能)?[发给结兑]|何时(?:能)?[发给结兑到]|排[到队]|放鸽子|只有钱|空账户|晒空|没有钱|给一半|申请执行|推[托脱]|踢皮球|"
    + _each("晒 贴 举 攥 翻 捧 捏 写", "[^，。！？；]{0,6}(?:账本|欠条|白条|记工本|结算单)")
    + "|"
    + _each("账本 欠条 白条 记工本 结算单", "[^，。！？；]{0,6}(?:晒|贴|举|攥|翻烂|没用|一张)")
)
# Put off in the payer's own words.
_EXCUSE = re.compile(
    "缓[一缓]|旺季|淡季|回去过节|先回去|再[看讲](?=$|[，。”])|再说|再等|再缓|再宽限|宽限|再[给过]几天|快了|等等|等[^，。！？；]{0,8}?(?:回款|到账|卖完|审计|竣工|拨款|下来|盘出去|验收|开工|结账|拨付|付款|变现|贷款|批款|有钱|宽裕|封顶|开票)|年底[再才结]|"
    '过[了完]?年(?=再|就|才|[给发结]|[”"])|开春|下个?月(?:再|一定|就)|月底一定|明天|明年|拿不出|周转|资金紧|困难|体谅|亏了|没[拨付给结有](?<=(?:业主|甲方|总包|上家|货主|平台|公司|老板)没[拨付给结有])|共渡难关'
)
# The payer gone.
_GONE = re.compile(
    "走光|跑光|垮了|倒了(?<![打病跌摔]倒了)|黄了|散了|删了|删除|换了?(?:个)?(?:老板|东家)|跑路|跑了|失联|人去楼空|拉黑|关机|找不[着到见]|联系不上|不接(?:电话)?|没影|消失|躲|搬空|连夜|蒸发|倒闭|关停|关门|解散|撤柜|卷款|人没了|换了?号|走人|玩失踪|注销|破产|打烊|熄灯|隔壁城市|打不通|换了?(?:门)?锁|门锁换|退了?群|群也退|空号|不见人|不知去向|人都换|换人|不回(?:消息|信息|微信)|已读不回|没人管"
)
# Money that came.
_PAID = re.compile(
    "领[齐到回取走]|领(?<=[刚才都全已喜]领)|拿[到回]了?|收到|等来|转[来账给]|打[来进到]了?|补[给齐上发足]|补差|结[清完了齐]|付清|付讫|付了|发(?:到|给|完|清|还|放|钱)|到[账手]|进了|兑[现付]|划掉|"
    "握手言和|签字|数(?:钱|清|现金)|算给|返还|送来|送到|还(?:上|清|给)|清[零账](?!偿)|对平|一分不少|带来了|拿回|讨回|要回|追回|了结|得到了?解决|转了?过[来去]|打了?过[来去]|汇了?过[来去]|换成了?[^，。]{0,4}现金|分给|拿钱|补了|讨到|要到|手印|先垫|垫[付了]|钱到|带着(?:现金|钱)|响了|进了[^，。]{0,6}(?:口袋|账|卡)|烧了|撕了|还清|转[到账]|扫码|把[^，。]{0,10}钱领"
)
_PAID_NOT = re.compile(
    "(?:没|未|不|难|才能|才肯|何时|能否|什么时候|尚|还要|等|盼|希望|承诺|答应|说|讲|保证|求|请|把|要|仅|只|照常|按时|按月|按期|准时|每年|每月|每天|年均|再|才|就|能|会|先|快|年底|[月号]|一半|自称|声称|先行|怎么|谁|肯)[^，。！？；]{0,6}$"
)
# What makes money that came a matter of arrears: late, by a court, after a complaint.
_LATE = re.compile(
    "迟(?:来|到|了)|开庭|起诉|旧账|垫|尾数|欠条|旧年|晚了|拖|欠(?!缺|佳|妥|费)|压[了着下]|等来|终于|总算|补[给发上差齐]|调解|仲裁|劳动监察|监察大队|划掉|"
    "执行款|清算|去年的|前年|年前的|讨|法援|法院|法官|检察|司法所|横幅|停发|该得|赔不是|鞠躬|道歉|跑了[^，。]{1,4}趟"
)
_PERSONS = re.compile(
    f"{_N}{{1,5}}[多余来]?(?:号人|名|位|个(?:人|妇女|姐妹|工人|师傅|小姑娘|弟兄|老乡|员工|架子)|人(?![民均次])|户)|我们|大家|大伙|咱"
)
_PERIOD = re.compile(f"{_N}{{1,4}}个?多?(?:月|年|天|夏天|冬天|季|春节|学期)|至今|到现在|去年|前年|上个?月|半年")
# Another debt, or a buyer's, a tenant's, a family's money.
_OTHER = re.compile(
    "慰问|驿站|志愿|物资|最低工资|指导线|上涨|涨了|急招|包吃|包住|午饭|就近就业|带动|有意者|朋友(?!们|圈)|同学|亲戚|会员|储值|预付|顾客|退[款卡费票]|消费者|倍工资|公积金|猝死|意外险|身亡|车祸|托管费|加盟|专家称|公款|随迁|迁往|搬迁|网红|劳动合同|休假|年假|工资条|法定节假|假期|应聘|租车|事故|重伤|投标|偷工减料|调岗|天价|节目|求职|基本工资|录用|球员|球队|俱乐部|联赛|fifa|业主|租客|租户|房东|租金|房租|押金|合租|过渡费|补偿款|拆迁|征地|流转|彩礼|抚养|赡养|众筹|门票|季票|球迷|货款|供货|供应商|票据|商票|股权|股东|投资|"
    "理财|贷款|借款|借[钱给]|存款利|稿[费酬]|版税|撰稿|学费|押在|服务费|专利|定金|订金|首付|购房|保险|理赔|赔偿金|车主|乘客|用户|玩家|粉丝|观众|彩票|份子钱|aa|收款码|房企|果农|收购|作家|作者|游客|旅客|"
    "市民|工程款|尾款|欠缴|社保|反向|逆向|客户|装修款|国有资产|棚户|车位|病人|患者|孩子的?学|考研|考试|学位|储户|退休|养老|低保|补助|奖学金|网贷|信用卡|债权|基金|招聘|招工|紧俏|年薪|涨薪|加薪|演练|剧中|热播|片酬|小说|电影|电视剧|电竞|赛季|战队|诈骗|骗子|冒充|"
    "工伤|遗体|捐|慈善|中奖|奖牌|冠军|决赛|进球|毕业证|摇号|积分落户|涨价|降价|旧时|清代|民国|老照片"
)
_AGENCY = re.compile(
    "法院|法官|检察|人社|劳动监察|监察大队|工会|司法所|调解|仲裁|信访|派出所|公安|住建|社区|总包|法援|律师|政府|街道|乡[里上镇]|镇[里上]|县里"
)
_AT_ONCE = re.compile("当场结清|当天结|现结|日结")


# An authority that sees to it that pay is paid: who acts, what is done, that it is about paying, and where.
_OVERSEES = re.compile(
    "回头看|提醒|专班|倒查|拘留|要求[^。]{0,20}?(?:项目|企业|单位|开工)|曝光|上墙|停止拨款|查(?<!调查)(?!看|询)|典型案例|列为|列入|摆设|手册|清零|进[厂场糖园]|约谈|监控|通报|公布|检查|排查|督查|督导|宣讲|宣传|推行|试点|征集|部署|印发|公告|整治|清查|台账|核验|进工地|联席会|会商|暗访|巡查|责任书|承诺书|公示|倡议|明白卡|维权卡|告知牌|"
    + _each("评论 如何看待 能否 建议", "[^。！]{0,40}?(?:源头|制度|潜规则|多地|办法|新规|立法)")
    + "|问答|解读|规范"
)
_PAYING = re.compile(
    "(?:工资|薪酬|薪资|劳动报酬|工钱|人工费|报酬)[^，。！？；]{0,12}?(?:支付(?!宝)|发放|按月|按时|足额|代发|专户|到位|保障|核定|核算|留证|证据|监控|清零|结清|先划|打卡|监管|月清|有着落|拖欠)|"
    "(?:支付|发放|代发|核定|划走|划拨|拖欠|按月发|结清|保障)[^，。！？；]{0,10}?(?:工资|薪酬|薪资|劳动报酬|工钱|人工费)|人走账清|工资(?:兑付|清算|结算|保证金|台账|专户|支付|未上|不上)|工资卡(?:按|没|要|须)|(?:薪酬|工资)拿不到|谁代发|发到人|代发工资|务工人员[^。！？]{0,16}?专户|专户[^。！？]{0,16}?(?:务工|工人|花名册)|工资专户|实名制?[^。]{0,10}?(?:工资|工人|考勤)|走专户|按月走"
)
_WHERE = re.compile(
    "工地|包工头|糖厂|茶厂|矿山|砖厂|酒厂|药厂|纸厂|建筑|工会|劳动监察|人社|施工|用工|用人单位|工人|务工|民工|劳动者|项目|企业|农场|货场|园区|楼盘|总包|班组|工友|工(?<![员职]工)(?=[的资们])|割胶"
)
_OTHER_RULES = re.compile(
    "最低工资|平均工资|退休|养老|缴费|公积金|社保费|个税|补贴标准|津贴标准|涨|招聘|就业补助|起征|工资条|高温津贴|加班费怎|年薪|分红|工资指导|公务员|乡镇工作补贴|税"
)


def rules(head: str, opening: str) -> bool:
    """Whether the opening tells of an authority's care that workers are paid, and the head of it too."""
    return bool(
        _OVERSEES.search(opening)
        and _PAYING.search(opening)
        and _WHERE.search(opening)
        and (_OVERSEES.search(head) or _PAYING.search(head))
        and not _OTHER_RULES.search(opening)
    )


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the pay; ``strength`` 0…1; ``start`` and ``end`` of the telling words in the field's view."""

    outcome: Outcome
    strength: float
    field: Field
    start: int
    end: int
    times: int = 1  # how often, in words apart from each other, it is told


def find(title: Reading, text: Reading) -> Account | None:
    """The strongest account of pay due and not come, or come late; None where the families do not meet."""
    head = title.view.text
    offset = len(head) + 1
    whole = f"{head}\n{text.view.text[:_READ]}"
    if not (_WHO.search(whole) or _WORK.search(whole) or _WHO_ALSO.search(whole)):
        return None
    lacks = list(_owed(whole, offset))
    owed = max(lacks, key=lambda one: one[0], default=None)
    paid = max(_paid(whole, offset), key=lambda one: one[0], default=None)
    best: tuple[Outcome, tuple[float, int, int]] | None = None
    if owed and owed[0] > 0:
        best = ("owed", owed)
    if paid and paid[0] > 0 and (best is None or _ends_paid(whole, offset, paid)):
        strength = max(paid[0], owed[0]) if owed else paid[0]
        best = ("paid", (strength, *paid[1:]))
    if best is None:
        return None
    outcome, (strength, start, end) = best
    times = len({at // _REACH for weight, at, _ in lacks if weight >= _CLEAR})
    if start < offset:
        return Account(outcome, strength, "title", start, min(end, len(head)), times)
    return Account(outcome, strength, "text", start - offset, end - offset, times)


def is_case(title: Reading, text: Reading) -> bool:
    """Whether the account is strong enough to be somebody's case."""
    account = find(title, text)
    return account is not None and account.strength >= PLAIN


def _owed(whole: str, offset: int) -> Iterator[tuple[float, int, int]]:
    seen = 0
    for pattern, kind in ((_UNPAID, "unpaid"), (_EXCUSE, "excuse"), (_GONE, "gone")):
        for match in pattern.finditer(whole):
            seen += 1
            if seen > 3 * _SEEN:
                return
            near = _near(whole, offset, match.start(), match.end())
            yield _weigh(near, kind), match.start(), match.end()


def _paid(whole: str, offset: int) -> Iterator[tuple[float, int, int]]:
    for seen, match in enumerate(_PAID.finditer(whole)):
        if seen >= _SEEN:
            return
        if _PAID_NOT.search(whole[max(0, match.start() - 10) : match.start()]):
            continue
        near = _near(whole, offset, match.start(), match.end())
        late = bool(_LATE.search(near)) and not _AT_ONCE.search(near)
        yield (_weigh(near, "paid") if late else 0.0), match.start(), match.end()


def _near(whole: str, offset: int, start: int, end: int) -> str:
    """The title, and the words around an outcome: the title frames every sentence of a report."""
    left, right = max(0, start - _REACH), end + _REACH
    return whole[left:right] if left < offset else whole[:offset] + whole[left:right]


def _weigh(near: str, kind: str) -> float:
    """0…1: how many families of meaning meet; 0 where no work or no pay is told of."""
    who, also, work = _WHO.search(near), _WHO_ALSO.search(near), _WORK.search(near)
    due, money, rate = _DUE.search(near), _MONEY.search(near), _RATE.search(near)
    place = not who and bool(_WORKPLACE.search(near))
    labour = 1.0 * bool(who) + 0.8 * place + 0.6 * bool(work) + 0.4 * bool(also and not (who or place))
    if not labour and _WAGE.search(near):
        labour = 0.5  # wages are nobody's but a worker's
    pay = 1.0 * bool(due) + 0.5 * bool(money) + 0.5 * bool(rate)
    outcome = {"unpaid": 0.0, "excuse": -0.3, "gone": -0.2, "paid": 0.0}[kind]
    others = sum(bool(p.search(near)) for p in (_UNPAID, _EXCUSE, _GONE)) - (kind != "paid")
    outcome += 0.5 * others
    if not labour or not (pay or (kind != "paid" and (others or ((who or place) and work)))):
        return 0.0
    if kind == "paid":
        outcome += 0.4 * bool(_AGENCY.search(near)) + 0.3 * bool(_PERSONS.search(near) and who)
    told = 0.3 * bool(_PERSONS.search(near)) + 0.3 * bool(_PERIOD.search(near))
    if told and len(near) <= _SHORT:
        told += _SHORT_BONUS
    against = 0.8 * len(set(_OTHER.findall(near)))
    score = labour + pay + outcome + told - against
    return min(1.0, max(0.0, (score - 1.2) / 1.4))


def _ends_paid(whole: str, offset: int, paid: tuple[float, int, int]) -> bool:
    """Whether the money that came is the end of the story: told in the title, or nothing lacking told behind it."""
    _, start, end = paid
    if start < offset:
        return True
    return not _UNPAID.search(whole, end, end + 120) and not _EXCUSE.search(whole, end, end + 60)
