"""Facts told away from the words for wages owed, one person's pay, workplaces without a name: a case for each way."""

import pytest

from monitors.opinion import employers, facts
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read

PERSONS = [
    ("", "老板关机走人，扔下我们16个摘桃子的没人管，工钱一分没见", 16),
    ("", "茶厂欠薪半年，女工们说全车间五十多号人都没领到", 50),
    ("", "俩泥水匠给人铺了两个月地砖，工钱没结", 2),
    ("", "我们两口子在砖厂上班，厂里工资一直没结", 2),
    ("", "两兄弟在工地打工，工资拖着不给", 2),
    ("", "十二名厨师和九名服务员的工资没着落", 21),
    ("", "3名厨师、4名服务员、1名收银员，8人共被欠5.2万元工资", 8),
    ("", "欠薪名单上有驾驶员七名，至今未领到工资", 7),
    ("", "连我自己15个人，工资拖到今天没给", 15),
    ("", "厂里欠她和同车间9名姐妹的工资", 10),
    ("百人讨薪", "电子厂130名工人讨薪，工资拖欠三个月", 130),
    ("", "欠薪的工地上，搬运工 2 3 人没拿到钱", 23),
    ("", "工地欠薪，二十几个老乡没钱回家，其中木工8人", None),
    ("", "讨薪现场，派出所出动15名民警维持秩序", None),
    ("", "工程欠薪，公司安排3名律师协商", None),
    ("", "欠薪的厂里已走了40人", None),
    ("大学生讨要工资", "七名大学生在食品厂做暑假工，没拿到工资", 7),
]
ONE = [
    ("", "我在米线店洗碗，店里差我两个月工钱不给", 1),
    ("", "我妈妈在酒店打扫卫生，酒店三个月没给她工资", 1),
    ("", "裁决书写明，公司应向马某支付拖欠的工资两万元", 1),
    ("", "独臂木工讨要工资三年，终于要回了", 1),
    ("", "张女士做保洁两个月，公司只结了一个月，剩下的工资不给", 1),
    ("", "工友都说老板欠薪，我也等着要钱", None),
    ("", "会议部署根治欠薪，我市拖欠工资问题一个不留", None),
]
SUMS = [
    ("", "我们6个人修围墙，一共差我们8万4千元", 84_000),
    ("", "老板不给工资，还差我五千六", 5_600),
    ("", "厂里差我9k工资不给", 9_000),
    ("", "31个人的67万工钱还挂在账上", 670_000),
    ("", "跑了好几趟，五个老乡的工钱四万三还没要到", 43_000),
    ("", "六名采茶工没拿到工资，每人2700元", 16_200),
    ("", "我们8口人没法过年，一人差一万二，工资要不着", 96_000),
    ("", "要求厂方补发四个月工资，约320万元", 3_200_000),
    ("", "工资加提成两个月总共7650，老板娘不认", 7_650),
    ("", "总包垫付后，28名工人领到工资39.6万元", 396_000),
    ("", "工钱该得19300元，给了5000，还欠14300元", 14_300),
    ("", "讨薪的人被食堂收了6万元餐费", None),
    ("", "包工头卷走工程款80万元，工人的工资没着落", None),
    ("", "工人要工资，每人3000到5000元不等", None),
    ("", "月薪4500元，工资没发", None),
    ("", "讨薪花费路费3000元，工资没着落", None),
]
WHO = [
    ("", "在城东一家烧烤店当了两个月服务员，工资没给", "烧烤店"),
    ("", "砖厂老板欠两口子四万二", "砖厂"),
    ("", "被告是一家制衣作坊，拖欠三名女工工资", "制衣作坊"),
    ("", "示景酒业拿酒抵工资，欠薪半年", "示景酒业"),
    ("", "入职示芯科技两年被裁，三个月工资没发", "示芯科技"),
    ("", "仲裁裁决滇示印染厂应向罗某支付工资两万元", "滇示印染厂"),
    ("", "被申请人滇示云联信息有限公司：请于十日内支付工资", "滇示云联信息有限公司"),
    ("", "司机堵住滇示运输公司大门，要求支付拖欠的工资", "滇示运输公司"),
    ("某景区拖欠保洁工资", "景区外包公司拖欠保洁工资，十二人", "外包公司"),
    ("", "段老板，我们七个的工资余款该给了，欠薪不能再拖", "段老板"),
    ("", "冻结欠薪企业滇示航运有限公司账户", "滇示航运有限公司"),
    ("女工领回欠薪", "工资已发", None),
    ("自8月15日起未发工资", "", None),
    ("数百员工被欠薪", "厂区静悄悄", None),
    ("去年的欠薪今年已清零", "", None),
    ("护林员工资拖欠八个月", "", None),
    ("包工头赖账，工资三万没给", "", None),
    ("", "讨薪工人喝农药，正在县医院抢救，工资没着落", None),
    ("", "厂房工地上，工人讨要工资", None),
    ("", "二十三家茶企签订按月发工资承诺书，杜绝欠薪", None),
    ("", "我们在景洪修酒店，工资一分没有", None),
]


def _value(finder, title, text):
    found = finder(read(title, shipped()), read(text, shipped()))
    return found.value if found else None


@pytest.mark.parametrize(("title", "text", "count"), PERSONS + ONE)
def test_how_many(title, text, count):
    assert _value(facts.workers, title, text) == count


@pytest.mark.parametrize(("title", "text", "yuan"), SUMS)
def test_how_much(title, text, yuan):
    assert _value(facts.amount, title, text) == (None if yuan is None else yuan * 100)


@pytest.mark.parametrize(("title", "text", "name"), WHO)
def test_who(title, text, name):
    found = employers.find(read(title, shipped()), read(text, shipped()))
    assert (found.name if found else None) == name


def test_a_figure_worked_out_says_from_what():
    fact = facts.amount(read("", shipped()), read("六名采茶工没拿到工资，每人2700元", shipped()))
    assert fact is not None
    assert fact.why == "欠薪金额：每人2700元×6人，未见合计"
