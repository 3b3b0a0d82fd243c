"""What Streamlit's messages to a browser give away: addresses of files, the page session's id. For the gate."""

from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from monitors.access.bindings import Told


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
