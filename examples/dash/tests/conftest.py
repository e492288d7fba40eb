"""A Loggia of loopback: real keys behind a real JWKS address, and introspection that answers, refuses, stalls or is gone."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask, jsonify
from flask.testing import FlaskClient
from hypothesis import HealthCheck, configuration, settings
from jwt.algorithms import RSAAlgorithm

import loggia_dash

AUDIENCE = "dash:customer-ltv"
ACME, RETAIL = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))

configuration.set_hypothesis_home_dir("../../target/dash-venv/.hypothesis")
# How long an example takes says something about the machine, and nothing about the guard.
settings.register_profile("suite", deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


class Authority:
    """What Loggia is to an app."""

    def __init__(self, keys: list[RSAPrivateKey]) -> None:
        self.keys = keys
        self.published: dict[str, Any] = {"first": keys[0]}
        self.inactive: set[str] = set()  # tenants that are suspended or gone
        self.says: Any = None  # in place of what introspection would answer
        self.status, self.stall, self.drip = 200, 0.0, False
        self.asked: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.start()

    def start(self, port: int = 0) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (Handler,), {"authority": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def claims(self, tenant: str = "acme-corp", **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        retail = tenant == "global-retail"
        told = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid.UUID(int=9)),
            "email": "viewer@acme.example",
            "role": "viewer",
            "tenant_id": RETAIL if retail else ACME,
            "tenant": tenant,
            "env": "prod",
            "uc_catalog": "kyros_retail_prod" if retail else "kyros_acme_prod",
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        told.update(changed)
        return told

    def sign(self, claims: dict[str, Any], kid: str = "first", key: Any = None, alg: str = "RS256", **header: Any) -> str:
        return jwt.encode(claims, key or self.keys[0], alg, headers={"kid": kid, **header})

    def token(self, tenant: str = "acme-corp", **changed: Any) -> str:
        return self.sign(self.claims(tenant, **changed))

    def answer(self, path: str, form: dict[str, list[str]]) -> Any:
        if path == "/.well-known/jwks.json":
            return {"keys": [published(kid, key) for kid, key in self.published.items()]}
        if self.says is not None:
            return self.says
        told = jwt.decode(form["token"][0], options={"verify_signature": False})
        if told["tenant_id"] in self.inactive:
            return {"active": False}
        return {"active": True, **{name: value for name, value in told.items() if value is not None}}


def published(kid: str, key: Any) -> dict[str, Any]:
    if not isinstance(key, RSAPrivateKey):
        return {"kid": kid, **key}
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": "RS256"}


class Handler(BaseHTTPRequestHandler):
    authority: Authority
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.reply()

    def do_POST(self) -> None:
        self.reply()

    def reply(self) -> None:
        authority = self.authority
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        authority.asked.append(self.path)
        authority.forms.append(form)
        time.sleep(authority.stall)
        body = json.dumps(authority.answer(self.path, form)).encode()
        try:
            self.send_response(authority.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if authority.drip:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.5)
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked has given up


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def keys() -> list[RSAPrivateKey]:
    return [generate_private_key(65537, 2048) for _ in range(3)]


@pytest.fixture
def loggia(keys: list[RSAPrivateKey]) -> Iterator[Authority]:
    authority = Authority(keys)
    yield authority
    authority.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUDIENCE", "ISSUER", "JWKS_URL", "INTROSPECT_URL", "REQUIRED"):
        monkeypatch.delenv(f"LOGGIA_DASH_{name}", raising=False)


def app_of(loggia: Authority, **settings: Any) -> FlaskClient:
    """An app with one route that says what its callbacks would know, as a client."""
    server = Flask("app", static_folder=None)
    loggia_dash.install(server, **{"audience": AUDIENCE, "issuer": loggia.url, **settings})

    @server.get("/")
    def whose() -> Any:
        told = loggia_dash.claims()
        return jsonify(None if told is None else {**told, "catalog": loggia_dash.catalog()})

    @server.get("/_health")
    def health() -> str:
        return "OK"

    return server.test_client()


def asking(client: FlaskClient, token: str, path: str = "/", **headers: str) -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {token}", **headers})


@pytest.fixture
def client(loggia: Authority, clock: Clock) -> FlaskClient:
    return app_of(loggia, clock=clock)
