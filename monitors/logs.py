"""Log lines as JSON on standard error, one object a line, with secrets blotted out (日志)."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_NAMES = r"(?:password|passwd|secret|token|key|sign|signature|cookie|authorization)"
_SECRETS = (
    # A password in an address; it may itself hold "@" or "/", so everything up to the last "@" of the word goes.
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s'\"]+(?=@)", re.IGNORECASE),
    # name=value, name: value, "name": "value", X-Api-Key: value, Authorization: Bearer value
    re.compile(
        rf"(?P<keep>\b(?:[a-z0-9]+[_-])*{_NAMES}\b['\"]?\s*[=:]\s*['\"]?(?:(?:Bearer|Basic|Token)\s+)?)[^\s&;,'\"]+",
        re.IGNORECASE,
    ),
)


def redact(line: str) -> str:
    """``line`` with passwords, tokens and keys replaced by ``***``."""
    for pattern in _SECRETS:
        line = pattern.sub(r"\g<keep>***", line)
    return line


class JsonLines(logging.Formatter):
    """``{"at":…,"level":…,"where":…,"message":…}``; a trace goes into ``trace``."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "where": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx2", "httpcore2", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
