"""The evidence pack as a Word document that an office can go on editing."""

from __future__ import annotations

import io

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from monitors.clock import local, stamp
from monitors.desk.pack import Pack, Section, Sentence
from monitors.sheets import clean

_TITLE, _HEAD, _BODY = "方正小标宋简体", "黑体", "仿宋"  # as official documents are set (GB/T 9704-2012)
_GREY = RGBColor(0x59, 0x59, 0x59)
_WIDTHS = (1.5, 5.6, 2.4, 2.6, 4.4)  # cm, of the annex


def write(pack: Pack) -> bytes:
    """The pack as the bytes of a DOCX; the same pack gives the same document."""
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.4)
    page.top_margin, page.bottom_margin = Cm(2.6), Cm(2.2)
    _properties(document, pack)
    _line(document, pack.name + ("（演示数据）" if pack.demo else ""), 22, _TITLE, centre=True)
    _line(document, pack.title, 15, _HEAD, centre=True)
    for words in head_lines(pack):
        _line(document, words, 10.5, _BODY, centre=True, grey=True)
    _section(document, Section("核心研判", pack.core))
    for section in pack.sections:
        _section(document, section)
    _annex(document, pack)
    _sources(document, pack)
    for words in foot_lines(pack):
        _line(document, words, 10.5, _BODY, grey=True)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def head_lines(pack: Pack) -> tuple[str, ...]:
    """What stands below the title: number, level, as of when, by whom, of which office."""
    return (
        f"警情编号：{pack.number}　　内部预警级别：{pack.level}",
        f"截至时间：{stamp(pack.made_at)}（北京时间）　　编制人：{pack.by}",
        pack.office,
    )


def foot_lines(pack: Pack) -> tuple[str, ...]:
    """What stands at the end: what the pack is, and who answers for it."""
    lines = [
        "编制说明：本件由系统依据公开报道和办理记录汇集，句末方括号为出处；个人信息已作遮盖。须经具名人员审核后使用。",
        "报道校验值为采集文本（标题、换行、正文，遮盖后）的 SHA-256，可据以核对内容未被改动。",
        f"联系电话：{pack.telephone}　　审核人：＿＿＿＿＿＿　　签发人：＿＿＿＿＿＿",
    ]
    if pack.demo:
        lines.insert(0, "注意：本件含演示数据，内容均为虚构，不得作为工作依据。")
    return tuple(lines)


def cite(sentence: Sentence) -> str:
    """``[报道1、记录2]``"""
    return f"[{'、'.join(sentence.sources)}]"


def _properties(document: DocumentType, pack: Pack) -> None:
    told = document.core_properties
    told.author, told.title, told.language = clean(pack.office), clean(f"{pack.name} {pack.number}"), "zh-CN"
    told.created = told.modified = local(pack.made_at).replace(tzinfo=None)
    told.last_modified_by = clean(pack.by)
    told.comments = ""


def _section(document: DocumentType, section: Section) -> None:
    _line(document, section.title, 14, _HEAD)
    if not section.sentences:
        _line(document, section.empty, 12, _BODY, indent=True)
        return
    for sentence in section.sentences:
        paragraph = _line(document, sentence.text, 12, _BODY, indent=True)
        _run(paragraph, cite(sentence), 9, _BODY, grey=True)


def _annex(document: DocumentType, pack: Pack) -> None:
    more = f"（另有 {pack.left_out} 篇未逐一列出）" if pack.left_out else ""
    _line(document, f"附表：报道清单 {len(pack.reports)} 篇{more}", 14, _HEAD)
    if not pack.reports:
        _line(document, "没有报道。", 12, _BODY, indent=True)
        return
    table = document.add_table(rows=1, cols=len(_WIDTHS), style="Table Grid")
    table.autofit = False
    for cell, words in zip(
        table.rows[0].cells, ("序号", "标题与链接", "媒体", "发布／采集时间", "校验值"), strict=True
    ):
        _run(cell.paragraphs[0], words, 9, _HEAD)
    _repeat_head(table.rows[0]._tr)  # noqa: SLF001 - python-docx has no name for a repeated heading row
    for line in pack.reports:
        cells = table.add_row().cells
        _run(cells[0].paragraphs[0], line.key, 9, _BODY)
        _run(cells[1].paragraphs[0], line.title, 9, _BODY)
        _link(cells[1].add_paragraph(), line.url)
        _run(cells[2].paragraphs[0], line.outlet, 9, _BODY)
        _run(cells[3].paragraphs[0], f"{stamp(line.published_at)}\n{stamp(line.fetched_at)}", 9, _BODY)
        _run(cells[4].paragraphs[0], line.digest, 7, _BODY)
    for row in table.rows:
        for cell, width in zip(row.cells, _WIDTHS, strict=True):
            cell.width = Cm(width)


def _sources(document: DocumentType, pack: Pack) -> None:
    _line(document, "出处", 14, _HEAD)
    for one in pack.sources:
        _line(document, f"[{one.key}]　{one.words}", 9.5, _BODY)


def _line(
    document: DocumentType,
    words: str,
    points: float,
    font: str,
    *,
    centre: bool = False,
    indent: bool = False,
    grey: bool = False,
) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(4)
    paragraph.paragraph_format.line_spacing = 1.25
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * points)
    _run(paragraph, words, points, font, grey=grey)
    return paragraph


def _run(paragraph: Paragraph, words: str, points: float, font: str, *, grey: bool = False) -> Run:
    run = paragraph.add_run(clean(words))
    run.font.size, run.font.name = Pt(points), font
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)  # noqa: SLF001 - Chinese has a font of its own
    if grey:
        run.font.color.rgb = _GREY
    return run


def _link(paragraph: Paragraph, url: str) -> None:
    """An address one can follow, where it is one; else its words."""
    shown = clean(url)
    run = _run(paragraph, shown, 7, _BODY)
    if not shown.startswith(("http://", "https://")):
        return
    found = paragraph.part.relate_to(shown, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), found)
    link.append(run._element)  # noqa: SLF001 - as above
    paragraph._p.append(link)  # noqa: SLF001 - as above


def _repeat_head(row: object) -> None:
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row.get_or_add_trPr().append(head)  # type: ignore[attr-defined]
