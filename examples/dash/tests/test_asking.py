"""Keys and introspection: rotation, Loggia down at the start or later, slow, dripping, wrong; remembered for how long."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ACME, RETAIL, AUDIENCE, app_of, asking
from test_guard import refused

import loggia_dash

KEYS, STANDING = "/.well-known/jwks.json", "/api/token/introspect"


def test_keys_are_fetched_once_a_minute(client, loggia, clock):
    for _ in range(20):
        assert asking(client, loggia.token()).status_code == 200
    assert loggia.asked.count(KEYS) == 1
    clock.now += 61
    for _ in range(20):
        assert asking(client, loggia.token()).status_code == 200
    assert loggia.asked.count(KEYS) == 2


def test_a_rotation_is_followed(client, loggia, clock):
    assert asking(client, loggia.token()).status_code == 200
    loggia.published["second"] = loggia.keys[1]
    clock.now += 61  # Loggia publishes a key before it signs
    assert asking(client, loggia.token()).status_code == 200
    assert asking(client, loggia.sign(loggia.claims(), kid="second", key=loggia.keys[1])).status_code == 200
    assert loggia.asked.count(KEYS) == 2


def test_an_unknown_key_is_asked_for_but_not_again_and_again(client, loggia, clock):
    assert asking(client, loggia.token()).status_code == 200
    loggia.published["second"] = loggia.keys[1]
    token = loggia.sign(loggia.claims(), kid="second", key=loggia.keys[1])
    refused(asking(client, token), 401, "invalid_token")
    clock.now += 11
    assert asking(client, token).status_code == 200
    for n in range(50):
        refused(asking(client, loggia.sign(loggia.claims(), kid=f"made-up-{n}", key=loggia.keys[2])), 401, "invalid_token")
    assert loggia.asked.count(KEYS) == 2


def test_a_key_that_was_given_up_is_good_for_a_minute_at_most(client, loggia, clock):
    client = app_of(loggia, clock=clock, introspect_url="off")
    token = loggia.token()
    assert asking(client, token).status_code == 200
    loggia.published = {"second": loggia.keys[1]}
    clock.now += 61
    refused(asking(client, token), 401, "invalid_token")


def test_no_key_was_ever_fetched(client, loggia, clock):
    loggia.status = 500
    answer = asking(client, loggia.token())
    refused(answer, 503, "jwks_unavailable")
    assert answer.headers["Retry-After"]
    asked = len(loggia.asked)
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")
    assert len(loggia.asked) == asked, "it is not asked again at once"
    loggia.status = 200
    clock.now += 11
    assert asking(client, loggia.token()).status_code == 200


def test_nobody_listens_where_the_keys_should_be(loggia, clock):
    client = app_of(loggia, jwks_url="http://127.0.0.1:9/keys", clock=clock)
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")


def test_keys_last_a_day_when_loggia_is_gone(loggia, clock):
    client = app_of(loggia, clock=clock, introspect_url="off")
    assert asking(client, loggia.token()).status_code == 200
    loggia.status = 503
    clock.now += 24 * 3600 - 1
    for _ in range(5):
        assert asking(client, loggia.token()).status_code == 200
    assert loggia.asked.count(KEYS) == 2, "one try, then a pause"
    clock.now += 2
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")


@pytest.mark.parametrize(
    "published",
    [
        {},
        {"first": {"kty": "oct", "k": "c2VjcmV0"}},
        {"first": {"kty": "RSA"}},
        {"first": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "sig"}},
        {"first": {"kty": "RSA", "n": 7, "e": None}},
        {"first": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    ],
)
def test_keys_that_are_none(client, loggia, published):
    loggia.published = published
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")


def test_keys_for_something_else_are_not_used(client, loggia):
    from conftest import published

    loggia.published = {"other": loggia.keys[1], "first": {**published("first", loggia.keys[0]), "use": "enc"}}
    refused(asking(client, loggia.token()), 401, "invalid_token")
    assert loggia_dash._public_keys({"keys": [{**published("a", loggia.keys[0])}]}).keys() == {"a"}


def test_a_slow_loggia_holds_up_nobody_who_has_keys(loggia, clock):
    client = app_of(loggia, clock=clock, introspect_url="off")
    assert asking(client, loggia.token()).status_code == 200
    clock.now += 61
    loggia.stall = 10
    begun = time.monotonic()

    def ask(_):
        assert asking(client.application.test_client(), loggia.token()).status_code == 200
        return time.monotonic() - begun

    with ThreadPoolExecutor(8) as pool:
        took = sorted(pool.map(ask, range(8)))
    assert took[-1] < 4.5, "the one that asked gave up after three seconds"
    assert took[-2] < 2, "the others went on with the keys they have"


def test_a_loggia_that_drips_is_cut_off(client, loggia):
    loggia.drip = True
    begun = time.monotonic()
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")
    assert time.monotonic() - begun < 5


def test_a_loggia_that_takes_no_connection_is_given_up(loggia):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # they fill its queue: whoever comes later is not even refused
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        client = app_of(loggia, jwks_url=f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        begun = time.monotonic()
        refused(asking(client, loggia.token()), 503, "jwks_unavailable")
        took = time.monotonic() - begun
        for one in waiting:
            one.close()
    assert 2 < took < 5


def test_a_key_that_is_too_short_is_not_used():
    from conftest import published
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    with pytest.raises(ValueError, match="no usable key"):
        loggia_dash._public_keys({"keys": [published("short", generate_private_key(65537, 1024))]})


def test_a_redirect_is_not_followed(loggia):
    client = app_of(loggia)
    loggia.status = 302
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")


# ── introspection ──


def test_a_token_is_asked_about_once_in_half_a_minute(client, loggia, clock):
    token = loggia.token()
    for _ in range(20):
        assert asking(client, token).status_code == 200
    assert loggia.asked.count(STANDING) == 1
    assert loggia.forms[-1] == {"token": [token]}
    clock.now += 31
    assert asking(client, token).status_code == 200
    assert loggia.asked.count(STANDING) == 2


def test_many_requests_of_one_page_ask_once(loggia):
    client, token = app_of(loggia), loggia.token()
    loggia.stall = 0.3
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: asking(client.application.test_client(), token).status_code, range(32)))
    assert answers == [200] * 32 and loggia.asked.count(STANDING) == 1


def test_mismatched_tenant_id_claim_rejected(client, loggia, clock):
    """A tenant that Loggia does not know, or has suspended, is refused: at once with a new token, else within half a minute."""
    token = loggia.token()
    assert asking(client, token).status_code == 200
    loggia.inactive.add(ACME)
    refused(asking(client, loggia.token()), 401, "invalid_token")
    assert asking(client, loggia.token("global-retail")).json["tenant_id"] == RETAIL, "another tenant is not touched"
    clock.now += 31
    refused(asking(client, token), 401, "invalid_token")


def test_what_is_not_good_is_remembered_too(client, loggia):
    loggia.inactive.add(ACME)
    token = loggia.token()
    for _ in range(5):
        refused(asking(client, token), 401, "invalid_token")
    assert loggia.asked.count(STANDING) == 1


def test_what_the_bearer_may_do_now_counts(client, loggia):
    loggia.says = {"active": True, **loggia.claims(role="viewer")}
    assert asking(client, loggia.token(role="admin")).json["role"] == "viewer"


@pytest.mark.parametrize(
    "changed", [{"tenant_id": RETAIL}, {"sub": "another"}, {"aud": "dash:other"}, {"iss": "https://other.example"}, {"uc_catalog": "other"}]
)
def test_an_answer_about_something_else(client, loggia, changed):
    loggia.says = {"active": True, **loggia.claims(), **changed}
    refused(asking(client, loggia.token()), 403, "forbidden")


def test_an_answer_without_a_role(client, loggia):
    loggia.says = {name: value for name, value in {"active": True, **loggia.claims()}.items() if name != "role"}
    refused(asking(client, loggia.token()), 403, "forbidden")


@pytest.mark.parametrize("says", [[], "yes", {}, {"active": "true"}, {"active": 1}, 7])
def test_an_answer_that_is_none(client, loggia, says):
    loggia.says = says
    refused(asking(client, loggia.token()), 503, "introspection_unavailable")


def test_introspection_fails_closed(client, loggia, clock):
    token = loggia.token()
    assert asking(client, token).status_code == 200
    loggia.status = 429
    assert asking(client, token).status_code == 200, "remembered"
    refused(asking(client, loggia.token()), 503, "introspection_unavailable")
    asked = loggia.asked.count(STANDING)
    refused(asking(client, loggia.token()), 503, "introspection_unavailable")
    assert loggia.asked.count(STANDING) == asked, "it is not asked again at once"
    clock.now += 31
    refused(asking(client, token), 503, "introspection_unavailable")
    loggia.status = 200
    clock.now += 3
    assert asking(client, token).status_code == 200


def test_introspection_that_nobody_answers(loggia, clock):
    client = app_of(loggia, introspect_url="http://127.0.0.1:9/", clock=clock)
    refused(asking(client, loggia.token()), 503, "introspection_unavailable")


def test_introspection_that_stalls_ends_for_all_who_wait(loggia):
    client, token = app_of(loggia), loggia.token()
    assert asking(client, loggia.token()).status_code == 200
    loggia.stall = 10
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: asking(client.application.test_client(), token).status_code, range(8)))
    assert answers == [503] * 8 and time.monotonic() - begun < 5


def test_loggia_comes_back_on_its_port(loggia, clock):
    client = app_of(loggia, clock=clock)
    port = loggia.port
    loggia.stop()
    refused(asking(client, loggia.token()), 503, "jwks_unavailable")
    loggia.start(port)
    clock.now += 11
    assert asking(client, loggia.token()).status_code == 200


def test_a_bad_token_is_never_sent_anywhere(client, loggia):
    for token in (loggia.token(exp=1), loggia.token(aud="dash:other"), loggia.sign(loggia.claims(), key=loggia.keys[1])):
        refused(asking(client, token), 401, "invalid_token")
    assert STANDING not in loggia.asked


def test_memory_is_bounded(loggia, monkeypatch):
    monkeypatch.setattr(loggia_dash, "MOST_TOKENS", 8)
    client = app_of(loggia)
    for _ in range(20):
        assert asking(client, loggia.token()).status_code == 200
    assert len(client.application.extensions["loggia_dash"].standing._known) == 8
    assert client.application.extensions["loggia_dash"].audience == AUDIENCE
