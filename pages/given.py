"""Streamlit's messages, for the gate: what those to a browser give away, and which of a browser's it may obey."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from monitors.access.bindings import Told

# What the pages send. Of the others one empties everybody's caches and resources, one tells of the server's folder.
_HEARD = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"})


def heard(payload: bytes) -> bool:
    """Whether Streamlit may get this message of a browser. One that is none, it refuses by itself."""
    try:
        return BackMsg.FromString(payload).WhichOneof("type") in _HEARD
    except DecodeError:
        return True


def told(payload: bytes) -> Told:
    """What one of Streamlit's messages to a browser gives away. Fields are named: words of others count for nothing."""
    message = ForwardMsg.FromString(payload)
    kind = message.WhichOneof("type")
    if kind == "new_session":
        return Told(session=message.new_session.initialize.session_id)
    found: list[str] = []
    if kind == "backend_operation_response":
        found = [message.backend_operation_response.deferred_file.url]
    elif kind == "logo":
        found = [message.logo.image, message.logo.icon_image]
    elif kind == "delta" and b"/media/" in payload:
        element = message.delta.new_element
        found = [
            element.download_button.url,
            element.audio.url,
            element.video.url,
            *(one.url for one in element.imgs.imgs),
            *(one.url for one in element.video.subtitles),
        ]
    return Told(media=tuple(url.rpartition("/media/")[2] for url in found if "/media/" in url))
