"""The style sheet of every page, read once."""

from __future__ import annotations

from pathlib import Path

PAGE = (Path(__file__).resolve().parent / "live" / "page.css").read_text(encoding="utf-8")
