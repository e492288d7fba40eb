"""Who is let in, and what everybody else is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ACME, RETAIL, app_of, asking
from flask import Flask, request

import loggia_dash

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def refused(answer, code, word):
    """It is this refusal, in the one form that all have, and tells no more."""
    assert (answer.status_code, answer.json["error"]) == (code, word), answer.text
    assert set(answer.json) == {"error", "correlation_id"}
    assert UUID.fullmatch(answer.json["correlation_id"])
    assert answer.headers["X-Correlation-Id"] == answer.json["correlation_id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) == (code == 401)


def test_claims_available_to_callbacks(client, loggia):
    """Seed story 3.1."""
    answer = asking(client, loggia.token())
    assert answer.status_code == 200
    assert answer.json["tenant_id"] == ACME and answer.json["tenant"] == "acme-corp"
    assert answer.json["uc_catalog"] == answer.json["catalog"] == "kyros_acme_prod"
    assert answer.json["email"] == "viewer@acme.example" and answer.json["role"] == "viewer"


def test_claims_cannot_be_changed_by_the_app(loggia):
    client = app_of(loggia)
    client.application.add_url_rule("/change", view_func=lambda: loggia_dash.claims().update(tenant="other"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(AttributeError):
        asking(client, loggia.token(), "/change")


def test_without_a_token_nothing_is_answered(client):
    for path in ("/", "/anything", "/_dash-layout", "/assets/app.css"):
        answer = client.get(path)
        refused(answer, 401, "token_required")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a", "Bearer a.b", "Bearer a.b.c", "Bearer a.b.c ", "a.b.c", "Token a.b.c"],
)
def test_what_is_no_bearers_token(client, header):
    refused(client.get("/", headers={"Authorization": header}), 401, "invalid_token")


def test_a_refusal_says_that_the_token_was_bad(client):
    assert client.get("/", headers={"Authorization": "Bearer a.b.c"}).headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def part(value) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_an_unsigned_token(client, loggia, alg):
    token = b".".join([part({"alg": alg, "kid": "first", "typ": "JWT"}), part(loggia.claims()), b""]).decode()
    refused(asking(client, token), 401, "invalid_token")
    refused(asking(client, token + "AAAA"), 401, "invalid_token")


@pytest.mark.parametrize("alg", ["HS256", "HS512"])
def test_a_token_signed_with_the_public_key_as_a_secret(client, loggia, alg):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    secret = loggia.keys[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = part({"alg": alg, "kid": "first", "typ": "JWT"}) + b"." + part(loggia.claims())
    mac = hmac.new(secret, signed, {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[alg]).digest()
    token = (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
    refused(asking(client, token), 401, "invalid_token")


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_another_algorithm_of_the_same_key(client, loggia, alg):
    refused(asking(client, loggia.sign(loggia.claims(), alg=alg)), 401, "invalid_token")


def test_a_signature_by_another_key(client, loggia):
    refused(asking(client, loggia.sign(loggia.claims(), key=loggia.keys[1])), 401, "invalid_token")


def test_a_signature_of_other_words(client, loggia):
    head, _, signature = loggia.token().split(".")
    body = part(loggia.claims(role="admin")).decode()
    refused(asking(client, f"{head}.{body}.{signature}"), 401, "invalid_token")


def test_a_key_that_is_not_published(client, loggia):
    refused(asking(client, loggia.sign(loggia.claims(), kid="second", key=loggia.keys[1])), 401, "invalid_token")


@pytest.mark.parametrize("kid", [None, 7, ["first"]])
def test_a_key_that_has_no_name(client, loggia, kid):
    import jwt

    signed = part({"alg": "RS256", "kid": kid} if kid is not None else {"alg": "RS256"}) + b"." + part(loggia.claims())
    signature = jwt.get_algorithm_by_name("RS256").sign(signed, loggia.keys[0])
    token = (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    refused(asking(client, token), 401, "invalid_token")


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": True}, {"crit": ["exp"]}, {"crit": []}])
def test_a_token_with_something_critical(client, loggia, header):
    import jwt

    signed = part({"alg": "RS256", "kid": "first", **header}) + b"." + part(loggia.claims())
    signature = jwt.get_algorithm_by_name("RS256").sign(signed, loggia.keys[0])
    token = (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    refused(asking(client, token), 401, "invalid_token")


def test_a_key_that_the_token_brings_itself(client, loggia):
    from conftest import published

    jwk = published("first", loggia.keys[1])
    refused(asking(client, loggia.sign(loggia.claims(), key=loggia.keys[1], jwk=jwk, jku=f"{loggia.url}/own")), 401, "invalid_token")
    assert "/own" not in loggia.asked


@pytest.mark.parametrize(
    "aud", ["loggia:api", "dash:other", "dash:customer-lt", "dash:customer-ltv2", ["dash:customer-ltv"], ["dash:other", "dash:customer-ltv"], ""]
)
def test_a_token_for_another_audience(client, loggia, aud):
    refused(asking(client, loggia.token(aud=aud)), 401, "invalid_token")


@pytest.mark.parametrize("iss", ["https://other.example", "", "http://127.0.0.1"])
def test_a_token_of_another_issuer(client, loggia, iss):
    refused(asking(client, loggia.token(iss=iss)), 401, "invalid_token")


@pytest.mark.parametrize("changed", [{"exp": -1}, {"exp": -3600}, {"nbf": 60}, {"iat": 60}])
def test_expired_token_rejected(client, loggia, changed):
    """Seed story 2.8; and one that is not good yet."""
    moment = {name: int(time.time()) + by for name, by in changed.items()}
    refused(asking(client, loggia.token(**moment)), 401, "invalid_token")


def test_clocks_may_differ_a_little_but_expiry_is_strict(client, loggia):
    now = int(time.time())
    assert asking(client, loggia.token(nbf=now + 3, iat=now + 3)).status_code == 200
    refused(asking(client, loggia.token(exp=now)), 401, "invalid_token")


EVERY_CLAIM = [*loggia_dash.TEXTS, *loggia_dash.TEXTS_OR_NULL, *loggia_dash.TIMES]


@pytest.mark.parametrize("missing", EVERY_CLAIM)
def test_each_claim_is_needed(client, loggia, missing):
    claims = loggia.claims()
    del claims[missing]
    refused(asking(client, loggia.sign(claims)), 401, "invalid_token")


def test_every_claim_of_the_documents_is_among_them():
    assert set(EVERY_CLAIM) == set("iss aud sub email role tenant_id tenant env uc_catalog iat nbf exp jti".split())


@pytest.mark.parametrize("name", loggia_dash.TEXTS[2:])
@pytest.mark.parametrize("value", [None, "", 7, ["a"], {}])
def test_each_claim_is_what_it_should_be(client, loggia, name, value):
    import jwt

    # signed by hand: PyJWT will not encode some of these
    claims = loggia.claims(**{name: value})
    token = jwt.api_jws.encode(json.dumps(claims).encode(), loggia.keys[0], "RS256", {"kid": "first"})
    refused(asking(client, token), 401, "invalid_token")


@pytest.mark.parametrize("value", [True, "soon", 1e400, None])
def test_a_time_that_is_none(client, loggia, value):
    import jwt

    for name in ("exp", "nbf", "iat"):
        claims = loggia.claims(**{name: value})
        token = jwt.api_jws.encode(json.dumps(claims).encode(), loggia.keys[0], "RS256", {"kid": "first"})
        refused(asking(client, token), 401, "invalid_token")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"null", b'"text"', b"{", b"\xff\xfe", b"[" * 3000])
def test_a_body_that_is_no_claims(client, loggia, body):
    import jwt

    token = jwt.api_jws.encode(body, loggia.keys[0], "RS256", {"kid": "first"})
    refused(asking(client, token), 401, "invalid_token")


def test_two_tokens(client, loggia):
    token = loggia.token()
    for header in (f"Bearer {token},Bearer {token}", f"Bearer {token}, {token}", f"Basic YTpi,Bearer {token}", f"Bearer {token} {token}"):
        refused(client.get("/", headers={"Authorization": header}), 401, "invalid_token")


def test_a_token_that_is_too_long(client, loggia):
    refused(asking(client, loggia.token(email="a" * 9000)), 401, "invalid_token")


def test_nothing_else_carries_a_token(client, loggia):
    token = loggia.token()
    refused(client.get(f"/?access_token={token}"), 401, "token_required")
    refused(client.post("/", data={"access_token": token}), 401, "token_required")
    client.set_cookie("Authorization", f"Bearer {token}")
    refused(client.get("/", headers={"X-Authorization": f"Bearer {token}", "Proxy-Authorization": f"Bearer {token}"}), 401, "token_required")


def test_the_app_never_sees_the_token(loggia):
    """Dash hands all headers to callbacks, and background callbacks write them down."""
    client = app_of(loggia)
    client.application.add_url_rule("/headers", view_func=lambda: repr((dict(request.headers), request.environ, request.authorization)))
    token = loggia.token()
    answer = asking(client, token, "/headers")
    assert answer.status_code == 200 and token.split(".")[2] not in answer.text and "Authorization" not in answer.text


def test_no_token_is_ever_logged(client, loggia, caplog):
    caplog.set_level(logging.DEBUG)
    good, late = loggia.token(), loggia.token(exp=1)
    unknown, torn = loggia.sign(loggia.claims(), kid="none-such", key=loggia.keys[1]), loggia.token()[:-10]
    tokens = [good, late, unknown, torn, loggia.token(uc_catalog="acme; DROP TABLE")]
    for token in tokens:
        asking(client, token)
    loggia.status = 500
    tokens.append(loggia.token())
    asking(client, tokens[-1])
    assert len(caplog.records) >= 5
    for token in tokens:
        for piece in token.split("."):
            assert piece not in caplog.text


def test_the_reason_is_in_the_log_under_the_correlation_id(client, loggia, caplog):
    asked = "0b5c8f5e-1111-4222-8333-444455556666"
    answer = asking(client, loggia.token(aud="dash:other"), **{"X-Request-Id": asked})
    assert answer.json["correlation_id"] == asked
    assert asked in caplog.text and "InvalidAudienceError" in caplog.text and "Audience" not in answer.text


@pytest.mark.parametrize("asked", ["", "x", "0B5C8F5E-1111-4222-8333-444455556666", "0b5c8f5e-1111-4222-8333-444455556666; a=b"])
def test_a_correlation_id_that_is_none_is_replaced(client, loggia, asked):
    answer = asking(client, loggia.token(), **{"X-Request-Id": asked})
    assert UUID.fullmatch(answer.headers["X-Correlation-Id"]) and answer.headers["X-Correlation-Id"] != asked


@pytest.mark.parametrize(
    "name",
    ["kyros_acme_prod\n", "\nkyros_acme_prod", "acme; DROP TABLE", "acme; DROP TABLE tenants", "acme prod", 'a"b', "a`b", "a.b", "a-b", "1a", "a\x00", "ａcme", "a" * 300],
)
def test_a_catalog_that_is_no_identifier(client, loggia, name, caplog):
    """Also where nobody asks for the catalog: an app may read the claim itself."""
    client.application.add_url_rule("/claim", view_func=lambda: loggia_dash.claims()["uc_catalog"])
    refused(asking(client, loggia.token(uc_catalog=name), "/claim"), 403, "invalid_catalog")
    assert "invalid_catalog" in caplog.text


def test_a_tenant_without_a_catalog(client, loggia):
    refused(asking(client, loggia.token(uc_catalog=None)), 403, "invalid_catalog")


def test_claims_that_may_be_null(client, loggia):
    assert asking(client, loggia.token(email=None, env=None)).json["email"] is None


def test_health_alone_is_open(client):
    assert client.get("/_health").text == "OK"
    assert client.head("/_health").status_code == 200
    for path in ("/_health/", "/_health/../", "/x/_health", "/_healthy", "//_health", "/_HEALTH"):
        assert client.get(path).status_code == 401, path
    assert client.post("/_health").status_code == client.options("/_health").status_code == 401


def test_health_is_not_open_where_only_a_route_for_any_path_answers_it(loggia):
    server = Flask("app", static_folder=None)
    loggia_dash.install(server, audience="dash:customer-ltv", issuer=loggia.url)
    server.add_url_rule("/<path:path>", view_func=lambda path: "the page")
    refused(server.test_client().get("/_health"), 401, "token_required")


def test_two_tenants_at_once_do_not_mix(loggia):
    client = app_of(loggia)
    tokens = {ACME: loggia.token("acme-corp"), RETAIL: loggia.token("global-retail")}

    def ask(n):
        tenant = (ACME, RETAIL)[n % 2]
        told = asking(client.application.test_client(), tokens[tenant]).json
        return told["tenant_id"] == tenant and told["catalog"] == {ACME: "kyros_acme_prod", RETAIL: "kyros_retail_prod"}[tenant]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_roles(loggia):
    client = app_of(loggia)
    for role in ("admin", "viewer"):
        client.application.add_url_rule(f"/{role}", role, lambda role=role: (loggia_dash.require_role(role), "in")[1])
    refused(asking(client, loggia.token(), "/admin"), 403, "forbidden")
    assert asking(client, loggia.token(role="admin"), "/admin").text == "in"
    assert asking(client, loggia.token(role="admin"), "/viewer").text == asking(client, loggia.token(), "/viewer").text == "in"


def test_without_a_request_claims_are_arguments():
    with pytest.raises(RuntimeError, match="argument"):
        loggia_dash.claims()
    assert loggia_dash.catalog({"uc_catalog": "kyros_acme_prod"}) == "kyros_acme_prod"
    with pytest.raises(loggia_dash.Refused):
        loggia_dash.catalog({"uc_catalog": "a b"})


# ── where tokens are not required ──


def test_the_legacy_flow_has_no_claims(loggia):
    client = app_of(loggia, required=False)
    assert client.get("/").json is None
    assert client.get("/", headers={"Authorization": "Basic YTpi"}).json is None
    assert loggia.asked == []


def test_a_token_that_is_there_is_judged_even_so(loggia):
    client = app_of(loggia, required=False)
    assert asking(client, loggia.token()).json["tenant_id"] == ACME
    refused(asking(client, loggia.token(exp=1)), 401, "invalid_token")
    refused(client.get("/", headers={"Authorization": f"Basic YTpi,Bearer {loggia.token()}"}), 401, "invalid_token")
    refused(client.get("/", headers={"Authorization": f"bearer{loggia.token()}"}), 401, "invalid_token")


def test_a_token_is_refused_where_nobody_is_there_to_verify_it(loggia):
    server = loggia_dash.install(Flask("app"), required=False)
    server.add_url_rule("/", view_func=lambda: repr(loggia_dash.claims()))
    assert server.test_client().get("/").text == "None"
    refused(asking(server.test_client(), loggia.token()), 401, "invalid_token")


# ── setting it up ──


def test_settings_come_from_the_environment(loggia, monkeypatch):
    monkeypatch.setenv("LOGGIA_DASH_AUDIENCE", "dash:customer-ltv")
    monkeypatch.setenv("LOGGIA_DASH_ISSUER", loggia.url + "/")
    client = app_of(loggia, audience=None, issuer=None)
    assert asking(client, loggia.token()).status_code == 200
    assert loggia.asked == ["/.well-known/jwks.json", "/api/token/introspect"]
    monkeypatch.setenv("LOGGIA_DASH_REQUIRED", "false")
    assert app_of(loggia, audience=None, issuer=None).get("/").status_code == 200


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "LOGGIA_DASH_AUDIENCE"),
        ({"audience": "customer-ltv"}, "LOGGIA_DASH_AUDIENCE"),
        ({"audience": "dash:a b"}, "LOGGIA_DASH_AUDIENCE"),
        ({"audience": "dash:a"}, "LOGGIA_DASH_ISSUER"),
        ({"audience": "dash:a", "issuer": "loggia.example"}, "LOGGIA_DASH_ISSUER"),
        ({"audience": "dash:a", "issuer": "https://u:p@loggia.example"}, "LOGGIA_DASH_ISSUER"),
        ({"audience": "dash:a", "issuer": "https://l.example", "jwks_url": "file:///etc/passwd"}, "LOGGIA_DASH_JWKS_URL"),
        ({"audience": "dash:a", "issuer": "https://l.example", "introspect_url": "no"}, "LOGGIA_DASH_INTROSPECT_URL"),
    ],
)
def test_what_is_not_set_stops_the_app_from_starting(settings, words):
    with pytest.raises(ValueError, match=words):
        loggia_dash.install(Flask("app"), **settings)


def test_a_flag_is_true_or_false(monkeypatch):
    monkeypatch.setenv("LOGGIA_DASH_REQUIRED", "no")
    with pytest.raises(ValueError, match="LOGGIA_DASH_REQUIRED"):
        loggia_dash.install(Flask("app"), audience="dash:a", issuer="https://l.example")


def test_plain_http_beyond_loopback_is_told(caplog):
    loggia_dash.install(Flask("app"), audience="dash:a", issuer="https://l.example", jwks_url="http://loggia:8080/.well-known/jwks.json")
    assert "LOGGIA_DASH_JWKS_URL is plain http" in caplog.text and "ISSUER" not in caplog.text


def test_it_is_installed_once(loggia):
    client = app_of(loggia)
    with pytest.raises(ValueError, match="already"):
        loggia_dash.install(client.application, audience="dash:a", issuer=loggia.url)


def test_it_stands_before_dash_even_when_it_comes_later(loggia):
    server = Flask("app", static_folder=None)
    seen = []
    server.before_request(lambda: seen.append("dash") or None)
    loggia_dash.install(server, audience="dash:customer-ltv", issuer=loggia.url)
    assert server.test_client().get("/").status_code == 401 and seen == []


def test_a_refusal_stays_one_where_all_errors_are_handled(loggia):
    """As Dash does it while debugging."""
    client = app_of(loggia)
    client.application.register_error_handler(Exception, lambda error: (f"a traceback: {error!r}", 500))
    refused(client.get("/"), 401, "token_required")
