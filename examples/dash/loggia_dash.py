"""Says whose data a Dash app may show: verifies the token that Loggia sends with each request.

    server = loggia_dash.install(Flask(__name__), audience="dash:customer-ltv", issuer="https://loggia.example")
    app = Dash(__name__, server=server)

After that nothing of the app is answered without a good token: no callback, no layout, no asset. In a callback `claims()` says
who asks, `catalog()` which Unity Catalog is theirs, and `statement()` makes SQL in which nothing else can be named.

Everything can be set by environment instead: LOGGIA_DASH_AUDIENCE, LOGGIA_DASH_ISSUER, LOGGIA_DASH_JWKS_URL,
LOGGIA_DASH_INTROSPECT_URL, LOGGIA_DASH_REQUIRED. Needs Python 3.11, Flask and PyJWT[crypto]. See docs/dash.md.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import socket
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from http.client import HTTPConnection, HTTPException as HttpFailure, HTTPSConnection
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Flask, Response, g, has_request_context, request
from jwt.algorithms import RSAAlgorithm
from werkzeug.exceptions import HTTPException

log = logging.getLogger("loggia_dash")

# Seconds.
LIMIT = 3.0  # how long Loggia may take to answer, all in all
FRESH = 60.0  # how long keys are good without asking again: what Loggia says of them
STALE = 24 * 3600.0  # how long they go on being used while Loggia cannot be reached
PAUSE = 10.0  # between two tries to get keys
REMEMBERED = 30.0  # how long a token's standing is remembered
BACK_OFF = 2.0  # after introspection failed
SKEW = 5  # between clocks, for nbf and iat; exp is strict

LONGEST_TOKEN = 8 * 1024
LONGEST_ANSWER = 256 * 1024
MOST_TOKENS = 4096

TEXTS = ("iss", "aud", "sub", "role", "tenant_id", "tenant", "jti")
TEXTS_OR_NULL = ("email", "env", "uc_catalog")
TIMES = ("iat", "nbf", "exp")

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")
CORRELATION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Refused(HTTPException):
    """A request that is not answered. The caller is told a word and the correlation id; the reason is for the log."""

    def __init__(self, code: int, word: str, reason: str = "") -> None:
        super().__init__(reason or word)
        self.code, self.word, self.reason = code, word, reason

    def get_response(self, environ: Any = None, scope: Any = None) -> Response:
        response = Response(json.dumps({"error": self.word, "correlation_id": correlation_id()}), self.code)
        response.content_type = "application/json"
        response.headers["Cache-Control"] = "no-store"
        if self.code == 401:
            response.headers["WWW-Authenticate"] = "Bearer" if self.word == "token_required" else 'Bearer error="invalid_token"'
        if self.code == 503:
            response.headers["Retry-After"] = str(int(BACK_OFF))
        return response


# ── what callbacks ask ──


def claims() -> Mapping[str, Any] | None:
    """What the token of this request says; None only where tokens are not required and none came.

    There is no request in a background callback: hand claims over as an argument, `dict(claims())`.
    """
    if not has_request_context():
        raise RuntimeError("there is no request here: a background callback takes the claims as an argument")
    return g.get("claims")


def catalog(of: Mapping[str, Any] | None = None) -> str:
    """The Unity Catalog of the tenant that asks, or of claims that were handed over."""
    of = claims() if of is None else of
    name = None if of is None else of["uc_catalog"]
    if name is None:
        raise _told(Refused(403, "invalid_catalog", "the tenant has no catalog"))
    if not IDENTIFIER.fullmatch(name):
        raise _told(Refused(403, "invalid_catalog", f"the catalog {name[:80]!r} is not an identifier"))
    return name


def require_role(role: str) -> None:
    """Goes on only for this role; an admin may do what a viewer may."""
    told = claims()
    if told is None or told["role"] not in ({"viewer": ("viewer", "admin")}.get(role, (role,))):
        raise _told(Refused(403, "forbidden", f"this needs the role {role}"))


def correlation_id() -> str:
    """Under which the request is found in Loggia's log and in this one."""
    return g.get("correlation_id") or str(uuid.uuid4()) if has_request_context() else str(uuid.uuid4())


# ── SQL in which only what is allowed can be named ──


class Quoted(str):
    """A name that was checked and stands in quotes."""


@dataclass(frozen=True)
class Statement:
    """SQL and the values that are bound to it."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


def identifier(name: Any) -> str:
    """The name, if it is one from its first character to its last; else the request is a bad one (400)."""
    if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
        raise _told(Refused(400, "invalid_identifier", f"{str(name)[:80]!r} is not an identifier"))
    return name


def column(name: Any, quote: str = '"') -> Quoted:
    """A column's name, in quotes."""
    return _quoted([name], quote)


def table(*names: Any, within: Any = None, quote: str = '"') -> Quoted:
    """A table, or a schema and a table, in the catalog of the tenant that asks: `"kyros_acme_prod"."sales"."purchases"`.

    `within` names the catalog where there is no request: `within=catalog(handed_over)`.
    """
    if not names:
        raise ValueError("a table has a name")
    return _quoted([catalog() if within is None else within, *names], quote)


def statement(template: str, names: Mapping[str, Any] | None = None, **values: Any) -> Statement:
    """A statement from a template that the app's author wrote.

    `{place}` takes a name from `names` (a `table()`, or a text that must be an identifier and is quoted); `:value` is bound.
    Nothing else gets into the text. A place or a value too many or too few is the author's mistake: ValueError.
    """
    names = names or {}
    places, bound = set(re.findall(r"\{(\w*)\}", template)), set(re.findall(r"(?<![:\w]):([A-Za-z_]\w*)", template))
    if places != set(names) or bound != set(values) or re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
        raise ValueError(f"the template has the places {sorted(places)} and values {sorted(bound)}")
    for name, value in values.items():
        if not isinstance(value, str | int | float | bytes | Decimal | date | datetime | None):
            raise _told(Refused(400, "invalid_value", f"{name} is a {type(value).__name__}"))
    known = {place: name if isinstance(name, Quoted) else column(name) for place, name in names.items()}
    return Statement(re.sub(r"\{(\w+)\}", lambda found: known[found[1]], template), MappingProxyType(values))


def _quoted(names: list[Any], quote: str) -> Quoted:
    if quote not in ('"', "`"):
        raise ValueError('names are quoted with " or `')
    return Quoted(".".join(f"{quote}{identifier(name)}{quote}" for name in names))


# ── setting it up ──


def install(
    server: Flask,
    audience: str | None = None,
    issuer: str | None = None,
    jwks_url: str | None = None,
    introspect_url: str | None = None,
    required: bool | None = None,
    health: str = "_health",
    routes_prefix: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Flask:
    """Guards every route of a Flask server, and gives the server back. What is not said here comes from the environment.

    `required=False` lets requests without a token through, with `claims()` None: for the legacy flow. A bearer's token that is
    there is always judged. `introspect_url="off"` leaves out asking whether user and tenant are still good. The health path of
    Dash (`Dash(health_endpoint="_health")`) is open, and nothing else.
    """
    if "loggia_dash" in server.extensions:
        raise ValueError("loggia_dash is installed on this server already")
    audience = audience or os.environ.get("LOGGIA_DASH_AUDIENCE", "")
    issuer = (issuer or os.environ.get("LOGGIA_DASH_ISSUER", "")).rstrip("/")
    jwks_url = jwks_url or os.environ.get("LOGGIA_DASH_JWKS_URL") or f"{issuer}/.well-known/jwks.json"
    introspect_url = introspect_url or os.environ.get("LOGGIA_DASH_INTROSPECT_URL") or f"{issuer}/api/token/introspect"
    if required is None:
        required = _flag("LOGGIA_DASH_REQUIRED", True)
    if required or issuer:
        if not re.fullmatch(r"dash:[A-Za-z][A-Za-z0-9_-]{0,63}", audience):
            raise ValueError(f"LOGGIA_DASH_AUDIENCE is dash: and the app's id in Loggia, not {audience!r}")
        for name, url in (("ISSUER", issuer), ("JWKS_URL", jwks_url), ("INTROSPECT_URL", introspect_url)):
            _check_address(f"LOGGIA_DASH_{name}", url)
    prefix = routes_prefix or os.environ.get("DASH_ROUTES_PATHNAME_PREFIX") or os.environ.get("DASH_URL_BASE_PATHNAME") or "/"
    guard = Guard(
        audience=audience,
        issuer=issuer,
        required=required,
        health=prefix + health,
        keys=Keys(jwks_url, clock) if issuer else None,
        standing=Standing(introspect_url, clock) if issuer and introspect_url != "off" else None,
    )
    server.extensions["loggia_dash"] = guard
    server.before_request_funcs.setdefault(None, []).insert(0, guard.before)  # before anything of Dash's own
    server.after_request(guard.after)
    server.register_error_handler(Refused, lambda refused: refused.get_response())
    return server


def warm(server: Flask) -> None:
    """Asks a server for its health once, so that Dash sets itself up before threads race for it (plotly/dash#3971)."""
    guard = server.extensions.get("loggia_dash")
    path = guard.health if guard else os.environ.get("DASH_ROUTES_PATHNAME_PREFIX", "/") + "_health"
    answer = server.test_client().get(path)
    if answer.status_code != 200:
        raise RuntimeError(f'{path} answered {answer.status_code}: is there a Dash(health_endpoint="_health")?')


def _flag(name: str, default: bool) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise ValueError(f"{name} is true or false, not {text!r}")
    return default if text == "" else text == "true"


def _check_address(name: str, url: str) -> None:
    if name.endswith("INTROSPECT_URL") and url == "off":
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password or parts.fragment:
        raise ValueError(f"{name} is an address like https://loggia.example, not {url!r}")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        log.warning("%s is plain http: whoever can change what this network carries can bring keys of their own", name)


# ── the guard ──


@dataclass(frozen=True)
class Guard:
    """What stands before every route."""

    audience: str
    issuer: str
    required: bool
    health: str
    keys: Keys | None
    standing: Standing | None

    def before(self) -> None:
        asked = request.headers.get("X-Request-Id", "")
        g.correlation_id = asked if CORRELATION.fullmatch(asked) else str(uuid.uuid4())
        g.claims = None
        # Taken away, not just read: Dash gives callbacks all headers, and background jobs store them.
        header = request.environ.pop("HTTP_AUTHORIZATION", None)
        if request.path == self.health and request.method in ("GET", "HEAD") and self._is_plain_route():
            return
        try:
            g.claims = self._judge(header)
        except Refused as refused:
            raise _told(refused) from None

    def after(self, response: Response) -> Response:
        response.headers["X-Correlation-Id"] = correlation_id()
        return response

    def _is_plain_route(self) -> bool:
        """Not one of Dash's routes for any path, which would give away the page where there is no health endpoint."""
        return request.url_rule is not None and not request.url_rule.arguments

    def _judge(self, header: str | None) -> Mapping[str, Any] | None:
        if header is None or (not self.required and "bearer" not in header.lower()):
            if self.required:
                raise Refused(401, "token_required", "no token came with the request")
            return None
        found = BEARER.fullmatch(header) if len(header) <= LONGEST_TOKEN else None
        if found is None:
            raise Refused(401, "invalid_token", "the Authorization header is not one bearer's token")
        if self.keys is None:
            raise Refused(401, "invalid_token", "a token came, and no issuer is set")
        told = self._verified(found[1])
        if self.standing is not None:
            told["role"] = self._standing_role(found[1], told)
        if told["uc_catalog"] is not None and not IDENTIFIER.fullmatch(told["uc_catalog"]):
            raise Refused(403, "invalid_catalog", f"the catalog {told['uc_catalog'][:80]!r} is not an identifier")
        return MappingProxyType(told)

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") != "RS256" or "crit" in header or not isinstance(kid, str):
                raise Refused(401, "invalid_token", "the token is not signed with RS256 by a key that it names")
            key = self.keys.find(kid)
            if key is None:
                raise Refused(401, "invalid_token", "no published key has signed the token")
            options = {"require": ["exp", "nbf", "iat"], "strict_aud": True}
            told = jwt.decode(
                token, key, algorithms=["RS256"], audience=self.audience, issuer=self.issuer, leeway=SKEW, options=options
            )
        except jwt.PyJWTError as failure:
            raise Refused(401, "invalid_token", type(failure).__name__) from None
        except (ValueError, TypeError, RecursionError) as failure:
            raise Refused(401, "invalid_token", f"the token cannot be read: {type(failure).__name__}") from None
        _check_claims(told)
        return told

    def _standing_role(self, token: str, told: Mapping[str, Any]) -> str:
        """What the bearer may do now."""
        now = self.standing.of(token)
        if now is None:
            raise Refused(401, "invalid_token", f"user, tenant or key is not good any more (tenant_id {told['tenant_id']})")
        if any(now.get(name) != told[name] for name in ("iss", "aud", "sub", "tenant_id", "uc_catalog")):
            raise Refused(403, "forbidden", "introspection tells of something else than the token")
        if not isinstance(now.get("role"), str):
            raise Refused(403, "forbidden", "introspection names no role")
        return now["role"]


def _check_claims(told: Mapping[str, Any]) -> None:
    """All claims that Loggia makes are there, and each is what it should be."""
    for name in (*TEXTS, *TEXTS_OR_NULL, *TIMES):
        if name not in told:
            raise Refused(401, "invalid_token", f"the token lacks {name}")
    good = all(_is_text(told[name]) for name in TEXTS)
    good = good and all(told[name] is None or _is_text(told[name]) for name in TEXTS_OR_NULL)
    if not good or not all(_is_time(told[name]) for name in TIMES):
        raise Refused(401, "invalid_token", "a claim of the token is not what it should be")
    if time.time() >= told["exp"]:
        raise Refused(401, "invalid_token", "the token has expired")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _told(refused: Refused) -> Refused:
    """Tells the log why; never with a token in it."""
    log.warning("refused with %s %s: %s (correlation id %s)", refused.code, refused.word, refused.reason, correlation_id())
    return refused


# ── what Loggia is asked ──


class Keys:
    """The keys Loggia publishes: asked for at most every few seconds, by one thread, while the others go on."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url, self._clock, self._lock = url, clock, threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched = self._tried = float("-inf")
        self._flight: threading.Event | None = None

    def find(self, kid: str) -> RSAPublicKey | None:
        """The key of this name, None when Loggia publishes none; 503 while it is not known what Loggia publishes."""
        with self._lock:
            now, key = self._clock(), self._usable().get(kid)
            due = (key is None or now - self._fetched >= FRESH) and now - self._tried >= PAUSE and self._flight is None
            if due:
                self._flight = threading.Event()
            flight = self._flight
        if due:
            self._refresh(flight)
        elif key is None and flight is not None:
            flight.wait(LIMIT + 0.5)
        with self._lock:
            keys = self._usable()
        if not keys:
            raise Refused(503, "jwks_unavailable", "the keys of Loggia could not be fetched")
        return keys.get(kid)

    def _usable(self) -> dict[str, RSAPublicKey]:
        return self._keys if self._clock() - self._fetched < STALE else {}

    def _refresh(self, flight: threading.Event) -> None:
        keys: dict[str, RSAPublicKey] = {}
        try:
            keys = _public_keys(_ask(self._url))
        except (OSError, ValueError, HttpFailure) as failure:
            log.warning("%s could not be read: %s", self._url, type(failure).__name__)
        finally:
            with self._lock:
                self._tried = self._clock()
                if keys:
                    self._keys, self._fetched = keys, self._tried
                self._flight = None
            flight.set()


def _public_keys(document: Any) -> dict[str, RSAPublicKey]:
    keys = {}
    for one in document["keys"] if isinstance(document, dict) and isinstance(document.get("keys"), list) else []:
        if not isinstance(one, dict) or one.get("kty") != "RSA" or not isinstance(one.get("kid"), str):
            continue
        if one.get("use", "sig") != "sig" or one.get("alg", "RS256") != "RS256":
            continue
        try:
            key = RSAAlgorithm.from_jwk(one)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
            keys[one["kid"]] = key
    if not keys:
        raise ValueError("no usable key")
    return keys


class Standing:
    """Whether a token's user, tenant and key are still good, as Loggia tells; remembered for half a minute."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url, self._clock, self._lock = url, clock, threading.Lock()
        self._known: OrderedDict[bytes, tuple[float, dict[str, Any] | None]] = OrderedDict()
        self._flights: dict[bytes, Future[dict[str, Any] | None]] = {}
        self._down_until = float("-inf")

    def of(self, token: str) -> dict[str, Any] | None:
        """What Loggia says of the token, None when it is not good; 503 when Loggia says nothing."""
        name = hashlib.sha256(token.encode()).digest()
        with self._lock:
            at, answer = self._known.get(name, (float("-inf"), None))
            if self._clock() - at < REMEMBERED:
                return answer
            flight = self._flights.get(name)
            mine = flight is None
            if mine:
                if self._clock() < self._down_until:
                    raise Refused(503, "introspection_unavailable", "Loggia did not answer a moment ago")
                flight = self._flights[name] = Future()
        try:
            return self._fetch(name, token, flight) if mine else flight.result(LIMIT + 0.5)
        except (OSError, ValueError, HttpFailure, TimeoutError) as failure:
            raise Refused(503, "introspection_unavailable", f"Loggia was asked in vain: {type(failure).__name__}") from None

    def _fetch(self, name: bytes, token: str, flight: Future[dict[str, Any] | None]) -> dict[str, Any] | None:
        try:
            told = _ask(self._url, {"token": token})
            if not isinstance(told, dict) or not isinstance(told.get("active"), bool):
                raise ValueError("not an answer of introspection")
            answer = told if told["active"] else None
        except BaseException as failure:
            with self._lock:
                self._flights.pop(name, None)
                self._down_until = self._clock() + BACK_OFF
            flight.set_exception(failure if isinstance(failure, (OSError, ValueError, HttpFailure)) else ValueError("cut short"))
            raise
        with self._lock:
            self._flights.pop(name, None)
            self._known[name] = (self._clock(), answer)
            self._known.move_to_end(name)
            while len(self._known) > MOST_TOKENS:
                self._known.popitem(last=False)
        flight.set_result(answer)
        return answer


def _ask(url: str, form: Mapping[str, str] | None = None) -> Any:
    """JSON from Loggia, whole within LIMIT: a server that drips is cut off. Redirects are not followed."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=LIMIT)
    cut = threading.Timer(LIMIT, _cut, [connection])
    cut.daemon = True
    cut.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "application/json"}
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST_ANSWER + 1)
        if answer.status != 200 or len(body) > LONGEST_ANSWER:
            raise ValueError(f"answered {answer.status} with {len(body)} bytes")
        return json.loads(body)
    finally:
        cut.cancel()
        connection.close()


def _cut(connection: HTTPConnection) -> None:
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError):
        pass  # not connected yet, and its own time limit ends that; or done
