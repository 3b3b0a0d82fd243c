"""Numbers, persons, money and employers out of running text."""

import re
from decimal import Decimal

import pytest

from monitors.opinion import acts, employers, facts
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.numerals import NUMBER, chinese, numbers

EMPTY = read("", shipped())


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("十", 10), ("二十三", 23), ("一百零五", 105), ("三百五", 350), ("两万三", 23_000), ("二〇二六", 2026),
     ("叁拾", 30), ("一千零二十", 1020), ("九十八万六千", 986_000), ("一亿二千万", 120_000_000), ("", None),
     ("甲", None)],
)  # fmt: skip
def test_numerals(numeral, value):
    assert chinese(numeral) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("12.6万余元", "126000"), ("两万三", "23000"), ("23.6w", "236000"), ("近千万", "10000000"), ("十几万", None),
     ("几十人", None), ("数百万", None), ("三四十万", None), ("五六个", None), ("1万2千元", "12000"),
     ("10万多元", "100000"), ("二十余万", "200000"), ("上百名", "100"), ("5.31万名", "53100"), ("1万5", "15000"),
     ("人数1.75万人", "17500"),
     ("工人几千万", None), ("过亿元", "100000000")],
)  # fmt: skip
def test_numbers(text, value):
    found = list(numbers(text))
    assert len(found) == 1
    assert found[0].value == (None if value is None else Decimal(value))


@pytest.mark.parametrize("unit", ["1", "一", "十几", "1万", "欠1", "数", "几十百千万"])
def test_the_number_grammar_looks_at_each_character_a_bounded_number_of_times(unit):
    # Every repetition is bounded, so a match can never be longer than the sum of the bounds.
    assert not re.search(r"(?<!\\)[*+](?![?]?\))", re.sub(r"\[[^]]*\]", "", NUMBER.pattern))
    assert all(number.end - number.start <= 40 for number in numbers(unit * 400))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("拖欠20余名农民工工资", 20),
        ("上百名工人被拖欠工资", 100),
        ("数十名工人被拖欠工资", None),
        ("六十个弟兄的工钱被拖欠", 60),
        ("我和其他9名工友被拖欠工资", 10),
        ("叁拾多名民工的工资没发", 30),
        ("涉及员工达50多人，公司拖欠工资", 50),
        ("镇雄一工地欠薪，农民工人数达36名，一直没有结清。", 36),
        ("5名民警到场处置拖欠工资纠纷", None),
        ("12日举行的拖欠农民工工资发布会", None),
        ("公司有员工300人，其中20名员工被拖欠工资", 20),
        ("拖欠3个月工资", None),
        ("工资被拖欠，17名教师反映", 17),
    ],
)
def test_workers(text, wanted):
    found = facts.workers(EMPTY, read(text, shipped()))
    assert (found.value if found else None) == wanted


@pytest.mark.parametrize(
    ("title", "wanted"),
    [("女子讨要工资被打", 1), ("男子拖欠民工8万元", None), ("员工集体讨薪", None), ("一工人讨薪", 1)],
)
def test_one_worker_in_a_headline(title, wanted):
    found = facts.workers(read(title, shipped()), EMPTY)
    assert (found.value if found else None) == wanted


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("拖欠工资12.6万余元", 126_000),
        ("拖欠工人工资，共计155486元", 155_486),
        ("拖欠工资十几万元", None),
        ("月薪6000元，拖欠工资2万元", 20_000),
        ("拖欠工资9万元，被处罚款2万元", 90_000),
        ("工程造价3000万元，拖欠工资70万元", 700_000),
        ("拖欠货款80万元，拖欠工资15万元", 150_000),
        ("已支付2万元，还欠工资3万元", 30_000),
        ("拖欠工资及补偿金共40万元", 400_000),
        ("每人1000元，30人工资共3万元被拖欠", 30_000),
        ("拖欠工资三年", None),
        ("为12名工人追回工资8.8万元", 88_000),
        ("老板用5000枚硬币发工资", None),
        ("拖欠工资10万多元，经核实为104757元", 104_757),
        ("工人聚集讨薪，要求滇示博岚建设集团有限公司支付56.3万元工资", 563_000),
        ("工人爬塔吊讨薪，主张工资14.8万元", 148_000),
        ("拖欠我们的工资，害得我欠着医院医疗费七百多元", None),
        ("工人索要劳动报酬。今年以来，我院共办理支持起诉案件44起，追回薪资2万余元", None),
    ],
)
def test_amount(text, yuan):
    found = facts.amount(EMPTY, read(text, shipped()))
    assert (found.value if found else None) == (None if yuan is None else yuan * 100)


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("滇示恒远劳务有限公司拖欠工资", "", "滇示恒远劳务有限公司"),
        ("", "我在滇示和顺服装厂上班，滇示和顺服装厂拖欠我工资", "滇示和顺服装厂"),
        ("滇示恒远公司被曝拖欠工资", "滇示恒远建设有限公司称正在筹款。", "滇示恒远建设有限公司"),
        ("", "包工头尹某拖欠工人工资", "尹某"),
        ("一公司拖欠工资", "", None),
        ("工人在人民医院门口讨薪", "", None),
        ("", "市人社局、区法院受理拖欠工资案", None),
        ("", "拖欠工资的是滇示泰和（集团）有限公司", "滇示泰和（集团）有限公司"),
        ("滇示某某建設有限公司拖欠工資", "", "滇示某某建设有限公司"),
    ],
)
def test_employer(title, text, wanted):
    found = employers.find(read(title, shipped()), read(text, shipped()))
    assert (found.name if found else None) == wanted


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("工人爬上塔吊讨薪", {"extreme"}),
        ("工人扬言跳楼讨要工资", {"threat"}),
        ("确保不发生跳楼讨薪等极端事件，防止拖欠工资", set()),
        ("2012年曾跳楼讨薪的他又被欠薪", set()),
        ("被欠薪工人堵路", {"blockade"}),
        ("讨薪工人拉横幅", {"gathering"}),
        ("司机因欠薪停运", {"stoppage"}),
        ("项目停工两年，后又拖欠工资", set()),
        ("讨薪工人被打致轻伤", {"injury"}),
        ("讨薪不成，工人跳楼身亡", {"extreme", "death"}),
        ("医护跳楼讨薪说法不属实", set()),
        ("欠薪工地发生交通事故，无人员死亡", set()),
    ],
)
def test_acts_of_this_event(text, codes):
    assert {act.code for act in acts.find(EMPTY, read(text, shipped()))} == codes


@pytest.mark.parametrize(
    ("text", "persons"),
    [("60余名工人聚集讨薪", 60), ("数十名讨薪工人拉横幅", 20), ("百余名工人堵路讨薪", 100), ("工人拉横幅讨薪", None)],
)
def test_persons_gathered(text, persons):
    reading = read(text, shipped())
    assert acts.gathered(EMPTY, reading, acts.find(EMPTY, reading)) == persons


def test_petition_at_the_province():
    reading = read("7名工人到省信访局上访讨薪", shipped())
    assert acts.visiting_province(reading, 7) == 7
    assert acts.visiting_province(read("7名工人到县政府上访讨薪", shipped()), 7) is None


def test_length_of_text_costs_no_more_than_its_length():
    # Doubling a hostile text may not do more than double the matches looked at: spans stay short.
    text = read("欠" * 3000 + "拖欠" * 500 + "工资" * 500 + "一" * 2000 + "公司" * 500, shipped())
    assert len(text.mentions) <= 1100
    assert all(mention.end - mention.start <= 60 for mention in text.mentions)
    employers.find(EMPTY, text)
    facts.amount(EMPTY, text)
