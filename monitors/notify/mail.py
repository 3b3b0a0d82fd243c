"""电子邮件: one message by SMTP, in a thread that is cut off when its time is up.

4xx is for now, 5xx for good. Who of several recipients was refused is told; the others have the mail, so it counts as
sent. Message-ID is made of the message's key: a repeated mail is recognised by most mailboxes and by people.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import threading
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from monitors.clock import local
from monitors.errors import InputError
from monitors.notify.channel_settings import ChannelSettings, recipient_fault
from monitors.notify.outgoing import Outgoing, Sent, cut, tidy
from monitors.notify.reaching import UnreachableError, checked, look_up, tls, why

BODY_BYTES = 200_000
_POLICY = SMTP.clone(max_line_length=120)  # a key of 64 digits stays on the line of its name


def compose(channel: ChannelSettings, message: Outgoing) -> EmailMessage:
    """The mail. A line break in a title cannot begin another header: control characters are taken out before.

    Raises:
        InputError: a mailbox is none.
    """
    if any(recipient_fault("smtp", one) for one in (channel.sender, *_to(channel, message))):
        raise InputError("发件或收件邮箱的格式不被接受，请修改渠道设置")
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = cut(tidy(message.title), 600)
    mail["From"] = Address(channel.sender_name, addr_spec=channel.sender)
    mail["To"] = ", ".join(_to(channel, message))
    mail["Date"] = format_datetime(local(message.created_at))
    mail["Message-ID"] = f"<{message.key}@{channel.sender.partition('@')[2]}>"
    mail["Idempotency-Key"] = message.key
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer comes back
    text = cut(message.body.replace("\0", ""), BODY_BYTES)
    mail.set_content(f"{text}\n\n——\n消息编号：{message.key[:16]}（编号相同即为同一条消息）\n", cte="base64")
    return mail


async def send(channel: ChannelSettings, message: Outgoing, limit: float) -> Sent:
    """Send it within ``limit`` seconds."""
    try:
        mail = compose(channel, message)
    except InputError as error:
        return Sent(False, None, str(error), permanent=True)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sent] = loop.create_future()
    talk = _Talk(channel, limit)

    def settle(sent: Sent) -> None:
        if not answer.done():
            answer.set_result(sent)

    def work() -> None:
        sent = talk.sent(mail, _to(channel, message))
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is asking any more
            loop.call_soon_threadsafe(settle, sent)

    threading.Thread(target=work, name="notify mail", daemon=True).start()
    try:
        async with asyncio.timeout(limit):
            return await answer
    except TimeoutError:
        return Sent(False, None, f"发送超时：邮件服务器 {channel.host} 在 {limit:g} 秒内没有应答完")
    finally:
        talk.cut_off()


def _to(channel: ChannelSettings, message: Outgoing) -> list[str]:
    return [message.recipient] if message.recipient else list(channel.recipients)


class _Talk:
    """One conversation with the mail server. ``cut_off`` may come from another thread at any time."""

    def __init__(self, channel: ChannelSettings, limit: float) -> None:
        self._channel = channel
        self._limit = limit
        self._line: socket.socket | None = None
        self._over = False
        self._lock = threading.Lock()

    def cut_off(self) -> None:
        """Wake the thread, wherever it waits: each of smtplib's waits is bounded, their number is not."""
        with self._lock:
            self._over = True
            if self._line is not None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)
                self._line.close()
                self._line = None

    def sent(self, mail: EmailMessage, to: list[str]) -> Sent:
        """The whole conversation; everything that can go wrong is an answer."""
        try:
            refused = self._deliver(mail, to)
        except smtplib.SMTPException as error:
            return _answered(error) or self._unable(error)
        except (UnreachableError, OSError, UnicodeEncodeError) as error:
            return self._broken(error)
        return Sent(True, 250, _taken(refused, len(to)))

    def _deliver(self, mail: EmailMessage, to: list[str]) -> dict[str, tuple[int, bytes]]:
        with contextlib.ExitStack() as closing:
            smtp = self._open(closing)
            if self._channel.username:
                smtp.login(self._channel.username, self._channel.password)
            refused = smtp.sendmail(self._channel.sender, to, mail.as_bytes())
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()  # it has taken the mail: how it says goodbye changes nothing
        return refused

    def _unable(self, error: smtplib.SMTPException) -> Sent:
        host = self._channel.host
        if isinstance(error.__context__, TimeoutError):  # smtplib calls a wait that ended a line that was cut
            return self._broken(error.__context__)
        if isinstance(error, smtplib.SMTPServerDisconnected):
            return Sent(False, None, f"连接中断：邮件服务器 {host} 没有应答完就断开了")
        lacks = "STARTTLS 加密" if "STARTTLS" in str(error) else "所需的登录方式"
        return Sent(False, None, f"邮件服务器 {host} 不支持{lacks}，请核对加密方式、端口和登录名", permanent=True)

    def _broken(self, error: Exception) -> Sent:
        host = self._channel.host
        if isinstance(error, UnreachableError):
            return Sent(False, None, str(error), permanent=error.permanent)
        if isinstance(error, TimeoutError):
            return Sent(False, None, f"发送超时：邮件服务器 {host} 在 {self._limit:g} 秒内没有应答")
        if isinstance(error, UnicodeEncodeError):  # smtplib signs in with ASCII only
            return Sent(False, None, "登录名或密码中有邮件服务器不接受的字符", permanent=True)
        return Sent(False, None, why(error, host, self._channel.port))

    def _open(self, closing: contextlib.ExitStack) -> smtplib.SMTP:
        channel = self._channel
        # An address is an honest greeting anywhere; the machine's own name may be unknown, or none of their business.
        smtp = smtplib.SMTP(local_hostname="[127.0.0.1]", timeout=self._limit)
        closing.callback(smtp.close)
        line = closing.enter_context(self._dial())
        if channel.security == "ssl":
            line = closing.enter_context(tls(channel.ca).wrap_socket(line, server_hostname=channel.host))
        smtp.sock = line
        _greeted(smtp)
        with contextlib.suppress(OSError):
            ip = str(line.getsockname()[0])
            smtp.local_hostname = f"[IPv6:{ip}]" if ":" in ip else f"[{ip}]"
        smtp.ehlo_or_helo_if_needed()
        if channel.security == "starttls":
            smtp._host = channel.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name its certificate must have
            smtp.starttls(context=tls(channel.ca))
            smtp.ehlo_or_helo_if_needed()
        return smtp

    def _dial(self) -> socket.socket:
        host, port = self._channel.host, self._channel.port
        last: OSError | None = None
        for ip in checked(host, look_up(host)):
            try:
                line = socket.create_connection((str(ip), port), timeout=self._limit)
            except OSError as error:
                last = error
                continue
            with self._lock:
                if self._over:
                    line.close()
                    raise TimeoutError
                self._line = line.dup()  # TLS will wrap the first; this one stays ours to shut
            return line
        raise last or UnreachableError(f"连接失败：无法连上 {host}")


def _greeted(smtp: smtplib.SMTP) -> None:
    code, words = smtp.getreply()
    if code != 220:
        raise smtplib.SMTPConnectError(code, words)


def _answered(error: smtplib.SMTPException) -> Sent | None:
    """The server's own no: 4xx may pass, 5xx will not. None where it said nothing."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        lasting = all(one >= 500 for one, _ in error.recipients.values())
        return Sent(False, code, f"收件人均被拒绝：{code} {_said(words)}", permanent=lasting)
    if isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
        return Sent(False, code, f"{code} {_said(error.smtp_error)}", permanent=code >= 500)
    return None


def _said(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words


def _taken(refused: dict[str, tuple[int, bytes]], total: int) -> str:
    if not refused:
        return "250 邮件服务器已接收"
    named = "；".join(f"{to} {code} {_said(words)}" for to, (code, words) in refused.items())
    return f"250 邮件服务器已接收，但 {total} 个收件人中 {len(refused)} 个被拒绝：{named}"
