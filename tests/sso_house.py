"""A real OpenID Connect provider on loopback that can be told to lie, and a visitor's way through it.

Untouched it is ``oidc-provider-mock`` as it comes, its own keys included. ``signer`` puts other keys in their place,
``bend`` changes what the ID token says before it is signed, ``down`` and ``slow`` are what they say.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import oidc_provider_mock
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from werkzeug.serving import make_server

from monitors.settings import Settings, Sso, SsoRole
from tests.access_house import SETTINGS

SECRET_WORD = "the-clients-own-secret"
ROLES = (
    SsoRole(claim="wage-admin", role="省级管理员"),
    SsoRole(claim="wage-duty", role="值班员"),
    SsoRole(claim="wage-clerk", role="县级经办"),
)
CLERK = {"preferred_username": "Wang.Fang", "name": "王芳", "roles": ["staff", "wage-clerk"], "region": "530102"}


class Office:
    """The provider. ``hits`` counts requests by path, ``forms`` holds what its token endpoint was sent."""

    def __init__(self) -> None:
        self.inner = oidc_provider_mock.app()
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.reset()

    def reset(self) -> None:
        self.signer: RSAKey | None = None
        self.published: RSAKey | None = None
        self.bend: Callable[[dict[str, Any]], object] = lambda _claims: None
        self.bend_token: Callable[[str], str] = lambda token: token
        self.bend_userinfo: Callable[[dict[str, Any]], object] = lambda _claims: None
        self.describes: dict[str, Any] = {}
        self.down: tuple[str, ...] = ()
        self.slow = 0.0
        self.hits: Counter[str] = Counter()
        self.forms: list[dict[str, str]] = []
        self.tokens: list[str] = []

    def own_keys(self) -> RSAKey:
        """Sign with a key of the test's from here on, and publish it."""
        self.signer = self.published = RSAKey.generate_key(2048, auto_kid=True)
        return self.signer

    def knows(self, subject: str, **claims: Any) -> None:
        httpx.put(f"{self.issuer}/users/{subject}", json=claims, trust_env=False).raise_for_status()
        self.hits.clear()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.hits[path] += 1
        if self.slow:
            time.sleep(self.slow)
        if path.startswith(self.down or "\0"):
            start_response("503 Service Unavailable", [("Content-Type", "text/html")])
            return [b"<h1>down</h1>"]
        if path == "/oauth2/token":
            sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(sent)
            given = dict(parse_qsl(sent.decode()))
            self.forms.append(given | {"authorization": environ.get("HTTP_AUTHORIZATION", "")})
        held: list[Any] = []
        inner = self.inner(environ, lambda *args: held.append(args))
        body = b"".join(inner)
        status, headers = held[-1][:2]
        changed = self._changed(path, status, body)
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(changed)))])
        return [changed]

    def _changed(self, path: str, status: str, body: bytes) -> bytes:
        if path == "/jwks" and self.published:
            return json.dumps({"keys": [self.published.as_dict(private=False)]}).encode()
        if path == "/.well-known/openid-configuration":
            return json.dumps(json.loads(body) | self.describes).encode()
        if path == "/userinfo" and status.startswith("200"):
            claims = json.loads(body)
            self.bend_userinfo(claims)
            return json.dumps(claims).encode()
        if path == "/oauth2/token" and status.startswith("200"):
            said = json.loads(body)
            if self.signer:
                claims = json.loads(unpadded(said["id_token"].split(".")[1]))
                self.bend(claims)
                said["id_token"] = jwt.encode({"alg": "RS256", "kid": self.signer.kid}, claims, self.signer)
            said["id_token"] = self.bend_token(said["id_token"])
            self.tokens += [said["id_token"], said["access_token"]]
            return json.dumps(said).encode()
        return body


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@contextmanager
def opened() -> Iterator[Office]:
    office = Office()
    thread = threading.Thread(target=office.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield office
    finally:
        office.server.shutdown()
        thread.join()
        office.server.server_close()


def settings_for(issuer: str, **changes: Any) -> Settings:
    sso = Sso(**{"enabled": True, "issuer": issuer, "client_id": "duty-board", "role": ROLES} | changes)
    return SETTINGS.model_copy(update={"sso": sso})


def to_provider(visitor: TestClient, path: str = "/sso/login") -> tuple[str, dict[str, str]]:
    """Press the button: the provider's address and what it is asked."""
    answer = visitor.get(path)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    return address, {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def agreed(address: str, subject: str) -> str:
    """Fill in the provider's form; where it sends the browser back to."""
    answer = httpx.post(address, data={"sub": subject}, trust_env=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def through(visitor: TestClient, subject: str, path: str = "/sso/login") -> httpx.Response:
    """The whole way: button, form, back."""
    return visitor.get(agreed(to_provider(visitor, path)[0], subject))


def hs256(claims: dict[str, Any], word: bytes) -> str:
    """A token signed with a word both sides know, by hand: libraries refuse to misuse a public key so."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256"}, claims)]
    body = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    proof = hmac.new(word, body, "sha256").digest()
    return (body + b"." + base64.urlsafe_b64encode(proof).rstrip(b"=")).decode()
