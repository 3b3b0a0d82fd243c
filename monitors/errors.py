"""Every exception the product raises on purpose. Each class says what the caller can do about it.

``str(error)`` is the Chinese sentence a user may be shown: what happened, to what, what to do next.
"""

from __future__ import annotations


class MonitorsError(Exception):
    """Base of all: a page shows the message, the command line prints it and exits 1."""


class SettingsError(MonitorsError):
    """config.toml or the environment is wrong. Fatal at start; the message names file, line and what was expected."""


class StoreError(MonitorsError):
    """The database cannot be used (missing, damaged, locked too long, disk full). Stop writing; tell the user."""


class FetchError(MonitorsError):
    """A body could not be had. ``kind`` says how patient to be; the source is polled again later.

    ``kind`` is one of ``temporary`` (429, 503, a slow or broken connection), ``soft`` (other 5xx, too large,
    a shape we do not know), ``hard`` (4xx, a name that does not resolve, TLS) or ``refused`` (our own guard).
    """

    def __init__(
        self, message: str, *, kind: str = "temporary", status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after


class ParseError(MonitorsError):
    """A body was had but holds no entries we can read (login page, damaged, hostile). Counted as a soft failure."""


class InputError(MonitorsError):
    """What a person entered or a file holds is wrong. Show the message beside the field or row; nothing was written."""


class ConflictError(MonitorsError):
    """Somebody else changed the record first. Reload and try again; nothing was written."""


class RefusedError(MonitorsError):
    """The person may not do this, or not to this record (无权). Show the message; nothing was written or shown.

    ``action`` is the code of the table of permissions, ``kind`` and ``target`` name the record for the audit trail.
    """

    def __init__(self, message: str, *, action: str, kind: str = "", target: str = "") -> None:
        super().__init__(message)
        self.action = action
        self.kind = kind
        self.target = target


class LeaseLostError(MonitorsError):
    """Another worker took this source over while we were slow. Drop the work; nothing was written."""


_REASONS = {
    2: "文件或文件夹不存在",
    13: "没有权限",
    17: "已有同名文件",
    20: "上级不是文件夹",
    21: "这是一个文件夹",
    28: "磁盘已满",
    30: "磁盘为只读",
}


def reason(error: OSError) -> str:
    """Why the file system refused, in Chinese where it is one of the reasons an operator meets."""
    return _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
