"""The office's OpenID Connect provider, spoken to over the network (统一身份认证): authorization code, PKCE, ID token.

Nothing of the product is known here: who may sign in is decided in ``sso``. What the provider publishes about itself is
kept for a minute and asked for again after every failure, so that nobody is sent to a provider that is down, and one
that comes back, or changes its keys, is followed without a restart.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from joserfc.jws import JWSRegistry

from monitors.errors import MonitorsError
from monitors.settings import Sso

DEADLINE_SECONDS = 15.0  # for everything one step asks of the provider; somebody is waiting before the screen
_TIMEOUT = httpx2.Timeout(8.0, connect=4.0)
_FRESH = timedelta(minutes=1)  # nobody is sent to a provider longer dead, no key believed longer withdrawn
_LEEWAY = 60  # seconds our clock and the provider's may differ
# Signatures only the provider can make. HS256 would make everybody who knows the client's secret a provider.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_KEY_TYPES = ("RSA", "EC")
_FAULTS = {
    "bad_signature": "签名不符",
    "invalid_key_id": "签名所用的密钥未公布",
    "expired_token": "已过期",
    "missing_claim": "缺少必需的内容",
    "invalid_claim": "内容不符",
}

_log = logging.getLogger(__name__)


class ProviderDown(MonitorsError):  # noqa: N818 - a state of the world, not a fault of ours
    """The provider does not answer, or not as one; try later. The message is for the log."""


class NotVouched(MonitorsError):  # noqa: N818 - an answer
    """The provider said no, or what came in its name does not hold. The message is for log and trail."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the provider: where to send the browser, and what the answer must fit."""

    url: str
    redirect: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider publishes about itself."""

    authorize: str
    token: str
    userinfo: str  # empty where it has none
    secret_in_body: bool
    issuer: str
    keys: KeySet
    read_at: datetime


class Provider:
    """The provider of ``[sso]``; ``secret`` is the client's, empty for a public client."""

    def __init__(self, sso: Sso, secret: str) -> None:
        self._sso = sso
        self._secret = secret
        self._known: _Known | None = None
        # The machine's own certificates, where an office adds its own authority; nothing else of the environment.
        self._tls = ssl.create_default_context()

    async def ask(self, redirect: str, now: datetime) -> Asked:
        """Prepare a sign-in that comes back to ``redirect``.

        Raises:
            ProviderDown: it cannot be reached or does not describe itself.
        """
        async with self._patience():
            known = await self._published(now)
            async with self._client(known, redirect) as client:
                nonce, verifier = generate_token(32), generate_token(64)
                state = generate_token(32)
                # Signing out here does not end the provider's own session: the next person at this computer is asked.
                asking = {"prompt": self._sso.prompt} if self._sso.prompt else {}
                url, _ = client.create_authorization_url(
                    known.authorize, state=state, nonce=nonce, code_verifier=verifier, **asking
                )
        return Asked(str(url), redirect, state, nonce, verifier)

    async def claims(self, code: str, asked: Asked, now: datetime, *, wanted: tuple[str, ...]) -> Mapping[str, Any]:
        """What the provider vouches for: the ID token's claims, those ``wanted`` and missing filled in from userinfo.

        Raises:
            NotVouched: the code is refused, or the ID token is forged, stale, for another or of another sign-in.
            ProviderDown: it cannot be reached or answers nonsense.
        """
        async with self._patience():
            known = await self._published(now)
            async with self._client(known, asked.redirect) as client:
                granted = await self._exchange(client, known, code, asked)
                claims = await self._verified(granted, asked, now)
                if known.userinfo and any(name not in claims for name in wanted):
                    claims = await self._completed(client, known, granted, claims)
        return claims

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                yield
        except TimeoutError as error:
            self._known = None
            raise ProviderDown(f"no answer within {DEADLINE_SECONDS:.0f} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._known = None
            raise ProviderDown(f"{type(error).__name__}: {error}") from error
        except ProviderDown:
            self._known = None
            raise

    def _client(self, known: _Known | None = None, redirect: str = "") -> Any:
        method = None if not self._secret else "client_secret_post" if known and known.secret_in_body else None
        return AsyncOAuth2Client(
            self._sso.client_id,
            self._secret or None,
            token_endpoint_auth_method=method,
            scope=self._sso.scopes,
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
            verify=self._tls,
            trust_env=False,
        )

    async def _published(self, now: datetime, *, fresh: bool = False) -> _Known:
        if self._known is None or fresh or not timedelta(0) <= now - self._known.read_at < _FRESH:
            async with self._client() as client:
                said = await _object(client, f"{self._sso.issuer.rstrip('/')}/.well-known/openid-configuration")
                issuer = said.get("issuer")
                if not isinstance(issuer, str) or issuer.rstrip("/") != self._sso.issuer.rstrip("/"):
                    raise ProviderDown(f"it calls itself {issuer!r}, [sso] issuer says {self._sso.issuer!r}")
                keys = _keys(await _object(client, self._endpoint(said, "jwks_uri")))
            offered = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            self._known = _Known(
                authorize=self._endpoint(said, "authorization_endpoint"),
                token=self._endpoint(said, "token_endpoint"),
                userinfo=self._endpoint(said, "userinfo_endpoint") if said.get("userinfo_endpoint") else "",
                secret_in_body="client_secret_basic" not in offered and "client_secret_post" in offered,
                issuer=issuer,
                keys=keys,
                read_at=now,
            )
        return self._known

    def _endpoint(self, said: Mapping[str, Any], name: str) -> str:
        url = said.get(name)
        parts = urlsplit(url) if isinstance(url, str) else None
        encrypted = self._sso.issuer.startswith("https:")
        if not parts or not parts.hostname or parts.scheme not in (("https",) if encrypted else ("https", "http")):
            raise ProviderDown(f"its {name} is {url!r}")
        return str(url)

    async def _exchange(self, client: Any, known: _Known, code: str, asked: Asked) -> Mapping[str, Any]:
        try:
            granted = await client.fetch_token(
                known.token, grant_type="authorization_code", code=code, code_verifier=asked.verifier
            )
        except AuthlibBaseError as error:
            if error.error in ("invalid_client", "unauthorized_client"):
                raise ProviderDown(f"it refuses this system as a client: {error.error}") from error
            raise NotVouched(f"凭据兑换被拒绝（{str(error.error)[:60]}）") from error
        except ValueError as error:
            raise ProviderDown(f"its token endpoint answers nonsense: {error}") from error
        if not isinstance(granted.get("id_token"), str) or not isinstance(granted.get("access_token"), str):
            raise ProviderDown("its token endpoint gives no ID token; does [sso] scopes hold openid?")
        return dict(granted)

    async def _verified(self, granted: Mapping[str, Any], asked: Asked, now: datetime) -> dict[str, Any]:
        known = await self._published(now)
        try:
            try:
                token = _decoded(granted["id_token"], known.keys)
            except (JoseError, ValueError):
                known = await self._published(now, fresh=True)  # it may have changed its keys since
                token = _decoded(granted["id_token"], known.keys)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": known.issuer},
                    "aud": {"essential": True, "value": self._sso.client_id},
                },
                {"nonce": asked.nonce, "client_id": self._sso.client_id, "access_token": granted["access_token"]},
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise NotVouched(f"身份凭证未通过验证：{_fault(error)}") from error
        return dict(claims)

    @staticmethod
    async def _completed(
        client: Any, known: _Known, granted: Mapping[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        client.token = granted
        more = await _object(client, known.userinfo, signed=True)
        if more.get("sub") != claims["sub"]:
            raise NotVouched("用户信息与身份凭证不是同一个人")  # OpenID Connect Core 5.3.2
        return more | claims


def _fault(error: Exception) -> str:
    """What was wrong with an ID token, in words. Never the error's own message, which could quote the token."""
    words = _FAULTS.get(str(getattr(error, "error", "")), "不是所要求的格式或签名方式")
    claim = getattr(error, "claim", None)
    return f"{words}（{claim}）" if isinstance(claim, str) and claim else words


def _decoded(text: str, keys: KeySet) -> jwt.Token:
    return jwt.decode(text, keys, registry=JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False))


def _keys(said: Mapping[str, Any]) -> KeySet:
    """The keys it signs with; those of kinds we do not know are left out, not a reason to refuse all."""
    found = []
    for one in said.get("keys") or ():
        if isinstance(one, dict) and one.get("kty") in _KEY_TYPES and one.get("use", "sig") == "sig":
            try:
                found.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, TypeError, KeyError):
                _log.warning("one of the provider's keys cannot be read and is left out")
    if not found:
        raise ProviderDown("it publishes no key that ID tokens can be verified with")
    return KeySet(found)


async def _object(client: Any, url: str, *, signed: bool = False) -> dict[str, Any]:
    """The JSON object at ``url``; ``signed`` with the access token."""
    answer = await client.request("GET", url, withhold_token=not signed, headers={"Accept": "application/json"})
    if answer.status_code != 200:
        raise ProviderDown(f"{url} answers {answer.status_code}")
    try:
        found = answer.json()
    except ValueError as error:
        raise ProviderDown(f"{url} is not JSON") from error
    if not isinstance(found, dict):
        raise ProviderDown(f"{url} is not a JSON object")
    return found
