"""Arrears told without the words: work done, pay due, and what became of it, in sentences no rule was written for."""

from datetime import UTC, datetime

import pytest

from monitors.opinion import demo_world, labour, stance
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.relevance import Document, RelevanceModel, features

MODEL = RelevanceModel.load()
THRESHOLD = 0.5

OWED = (
    ("弥渡县酒厂洗瓶的阿嬢们：老板说等酒卖出去", "洗了整整一个冬天的瓶子，九个人每人八十块一天，到开春只见着一袋米。"),
    ("江川抚仙湖边民宿：修完了亭子，木匠回不了家", "木匠和两个徒弟的两万六还写在老板的台历背面，问就是旺季来了再说。"),
    ("昌宁茶厂：揉茶工手里只剩一沓考勤表", "会计说老板的钱都押在货上，让大家先回去过节。"),
    (
        "三十五个人的暑假，换来一句“公司账上没钱”",
        "学生打了两个月暑假工，八月底说好离厂当天结，到现在中介和厂子互相推。",
    ),
    ("南涧一砂厂换老板，旧账没人接", "老板说那是前头那个的事，我们十一个开装载机的从正月问到端午。"),
    ("拍完短剧第二天，剧务群解散", "说好杀青结账，十七个灯光师道具师还在酒店等着。"),
)
PAID = (
    ("漾濞县：核桃还没落地，采核桃的先把去年的钱领了", "司法所和村委会坐了一下午，社长当场扫码，三十一个人一个不少。"),
    ("工友们撤了横幅：劳动监察来了三天，钱到了", ""),
    ("盈江：三张欠条换成了三沓现金", "两位泥瓦工在司法所清点完，当场按了手印。"),
    ("大姚县一林场给巡山员补上了九个月的工资", ""),
)
RULES = (
    ("保山市：在建项目用工花名册须每月上墙，工资未上卡的项目停止拨款", ""),
    ("昭通市将十二家建筑企业列为工资支付重点监管对象", ""),
    ("姚安县要求水利项目在开工前足额存储工资保证金", ""),
)
OTHER = (
    ("养殖户：公司收了我的鸡，三个月不打款", "一共两千只，合同写着七天付清，业务员换了三个。"),
    ("房东把门锁换了，押金一分没退", ""),
    ("团购店关门，老板跑路，顾客的券全作废", ""),
    ("装修公司跑了，业主的房子烂在半路", "付了八万，水电刚走完就没人来了。"),
    ("外卖骑手送餐途中猝死，平台称系意外险范畴", "家属守了三天，要求给个说法。"),
    ("加盟奶茶店三个月关门，加盟费要不回来", "加盟商十几个人到总部讨说法，公司说合同里写得清楚。"),
    ("疏果女工日薪涨到一百六，傍晚收工当场结清", ""),
    ("日本便利店打工的留学生：店长压着我的时薪不给", ""),
    ("骑手捡到三万现金，原地等失主两小时", ""),
    ("农民工夜校开班，白天干活晚上学手艺", ""),
    ("工厂搬空设备迁往新园区，八百名员工随迁", ""),
)


def relevance(title: str, text: str) -> float:
    return MODEL.score(features(Document(read(title, shipped()), read(text, shipped())))).value


def judged(title: str, text: str) -> stance.StanceFound:
    return stance.judge(read(title, shipped()), read(text, shipped()), specific=False)


@pytest.mark.parametrize(("title", "text"), OWED)
def test_work_done_and_money_that_does_not_come(title, text):
    assert relevance(title, text) >= THRESHOLD
    assert judged(title, text).stance == "unresolved"


@pytest.mark.parametrize(("title", "text"), PAID)
def test_money_that_came_late(title, text):
    assert relevance(title, text) >= THRESHOLD
    assert judged(title, text).stance == "resolved"


@pytest.mark.parametrize(("title", "text"), RULES)
def test_an_authority_sees_to_it_that_pay_is_paid(title, text):
    assert relevance(title, text) >= THRESHOLD
    found = judged(title, text)
    assert (found.stance, found.policy) == ("neutral", True)


@pytest.mark.parametrize(("title", "text"), OTHER)
def test_other_money_and_other_troubles(title, text):
    assert relevance(title, text) < THRESHOLD


@pytest.mark.parametrize(("title", "text"), OWED + PAID)
def test_the_words_it_rests_on_lie_in_the_field_named(title, text):
    readings = {"title": read(title, shipped()), "text": read(text, shipped())}
    found = labour.find(readings["title"], readings["text"])
    assert found is not None
    assert 0 <= found.start < found.end <= len(readings[found.field].view.text)


def test_everyday_news_of_work_and_pay_is_none_of_it():
    """Pay rises, recruitment, gifts to couriers, loans: pay and workers are spoken of, and nothing was ever late."""
    world = demo_world.world(datetime(2026, 11, 1, tzinfo=UTC))
    everyday = {(planned.entry.title, planned.entry.text) for planned in world if not planned.story}
    assert len(everyday) > 500
    assert [title for title, text in everyday if relevance(title, text) >= THRESHOLD] == []


def test_a_promise_is_no_payment():
    title = "砂厂老板答应下个月把十二名装载机师傅的钱转过来"
    found = labour.find(read(title, shipped()), read("", shipped()))
    assert found is None or found.outcome == "owed"


def test_ordinary_pay_on_the_day_is_no_arrears():
    title = "采茶工傍晚收工，每人一百六当场结清"
    found = labour.find(read(title, shipped()), read("", shipped()))
    assert found is None or found.strength < labour.PLAIN
