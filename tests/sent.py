"""All that a page sends to the browser, as one text: for tests that something is not in it."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest


def everything(app: AppTest) -> str:
    """Every element of the page, hidden ones and the live components' data included, Chinese unescaped."""
    assert not app.exception, [error.value for error in app.exception]
    found: list[str] = []
    for node in app._tree:
        if (proto := getattr(node, "proto", None)) is not None:
            _strings(MessageToDict(proto), found)
    return "\n".join(found)


def _strings(value: Any, found: list[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            found.append(str(key))
            _strings(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _strings(inner, found)
    elif isinstance(value, str) and value[:1] in "{[":
        try:
            _strings(json.loads(value), found)  # what a live component is given, what a chart holds
        except ValueError:
            found.append(value)
    else:
        found.append(str(value))
