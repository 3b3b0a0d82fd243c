"""Log lines: JSON, Chinese readable, secrets blotted out."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from monitors.logs import JsonLines, redact


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("postgresql+psycopg://office:s3cret@db/monitors failed", "s3cret"),
        ("GET https://hook.example/send?access_token=abcdef&x=1", "abcdef"),
        ("Authorization: Bearer-xyz", "Bearer-xyz"),
        ("password=hunter2; retry", "hunter2"),
        ("postgresql+psycopg://office:p@ss/w0rd@db/monitors failed", "w0rd"),
        ("redis://:s3cret@cache/0", "s3cret"),
        ("Authorization: Bearer eyJabc.def", "eyJabc.def"),
        ('{"access_token": "abcdef"}', "abcdef"),
        ("{'X-Api-Key': 'abcdef'}", "abcdef"),
        ("api_key=abcdef", "abcdef"),
    ],
)
def test_secrets_are_blotted_out(line, hidden):
    assert hidden not in redact(line)
    assert "***" in redact(line)


def test_ordinary_lines_stay():
    line = "s1: ok 新 3 条 / 已见 27 条 https://example.org/a?page=2"
    assert redact(line) == line


def test_a_trace_is_redacted_too():
    try:
        int("postgresql://a:s3cret@h/d")
    except ValueError:
        record = logging.getLogger("t").makeRecord("t", 40, "f", 1, "出错", (), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "出错"
    assert "s3cret" not in line["trace"]
