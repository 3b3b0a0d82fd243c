"""Labels are hints, bytes are evidence: what each combination must decode to."""

from __future__ import annotations

import pytest

from monitors.opinion.decode import decode, squeeze, strip_forbidden

CHINESE = "云南省红河州建水县多名农民工反映工资被拖欠，涉及金额约二百三十万元。"
TRADITIONAL = "雲南省建水縣農民工反映工資被拖欠，涉及金額約二百三十萬元。"
JAPANESE = "建設現場で働くひとびとの賃金がまだ支払われていません。"
FRENCH = "Les salariés déçus n’ont pas été payés; l’été où ça brûle, tête à tête."
RUSSIAN = "Рабочим не заплатили зарплату за три месяца работы на стройке."


@pytest.mark.parametrize(
    ("text", "codec", "declared", "header", "encoding"),
    [
        (CHINESE, "utf-8", "", "", "utf-8"),
        (CHINESE, "utf-8", "gb2312", "iso-8859-1", "utf-8"),
        (CHINESE, "utf-8", "utf-16", "", "utf-8"),
        (CHINESE, "utf-8-sig", "gbk", "", "utf-8"),
        (CHINESE, "utf-16", "", "", "utf-16-le"),
        (CHINESE, "gbk", "gb2312", "", "gb18030"),
        (CHINESE + "喆镕堃㑇", "gb18030", "gb2312", "", "gb18030"),
        (CHINESE, "gbk", "", "", "gb18030"),
        (CHINESE, "gbk", "utf-8", "utf-8", "gb18030"),
        (CHINESE, "gbk", "", "iso-8859-1", "gb18030"),
        (CHINESE, "gbk", "", "windows-1252", "gb18030"),
        (CHINESE, "gbk", "", "big5", "gb18030"),
        (CHINESE, "gbk", "", "shift_jis", "gb18030"),
        (CHINESE, "gbk", "punycode", "", "gb18030"),
        (CHINESE, "gbk", "unicode_escape", "rot13", "gb18030"),
        (TRADITIONAL, "big5", "big5", "", "big5"),
        (TRADITIONAL, "big5", "", "", "big5"),
        (JAPANESE, "euc_jp", "", "", "euc-jp"),
        (JAPANESE, "shift_jis", "", "", "shift_jis"),
        (JAPANESE, "shift_jis", "shift_jis", "utf-8", "shift_jis"),
        (FRENCH, "cp1252", "iso-8859-1", "", "windows-1252"),
        (FRENCH, "cp1252", "", "", "windows-1252"),
        (RUSSIAN, "cp1251", "windows-1251", "", "cp1251"),
        (RUSSIAN, "cp1251", "", "windows-1251", "cp1251"),
    ],
)
def test_reads_what_was_meant(text: str, codec: str, declared: str, header: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    decoded = decode(f"{head}<t>{text}</t>".encode(codec), f"text/xml; charset={header}" if header else "")
    assert decoded.text == f"{head}<t>{text}</t>"
    assert decoded.encoding == encoding
    assert decoded.repaired == 0


def test_a_meta_declaration_counts() -> None:
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=big5"></head>{TRADITIONAL}'
    assert decode(page.encode("big5")).text == page


def test_damage_is_counted_not_hidden() -> None:
    body = CHINESE.encode()[:-4] + b"<p>" + CHINESE.encode()
    decoded = decode(body)
    assert (decoded.encoding, decoded.repaired) == ("utf-8", 1)
    assert decoded.text.endswith(CHINESE)
    gbk = decode((CHINESE * 20).encode("gbk") + b"\xff\xff", "charset=gbk")
    assert gbk.encoding == "gb18030"
    assert 1 <= gbk.repaired <= 2
    assert gbk.text.startswith(CHINESE)


def test_forbidden_characters_are_gone() -> None:
    body = "a\0b\x01c\x7fd\x85e\ufffff\t\n".encode()
    assert decode(body).text == "abcd\x85ef\t\n"
    assert strip_forbidden("x\ud800y") == "xy"
    assert squeeze("讨\u200b薪 \u202e\n 维\u00ad权\ufeff") == "讨薪 维权"
