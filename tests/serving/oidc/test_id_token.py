"""What the provider signs: taken only where all of it is right, and the signature its own."""

import base64
import hmac
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from serving.oidc import id_token
from tests.serving.api.serving_app import Served
from tests.serving.oidc.local_provider import CLIENT, LocalProvider, key, plain, signed, unsigned
from tests.serving.oidc.signing_in import KEYS, last_lines, people, said, signed_in

CHANGED = {
    "nonce": ({"nonce": "another"}, "another sign-in"),
    "no nonce": ({"nonce": None}, "lacks nonce"),
    "audience": ({"aud": "another client"}, "another client"),
    "audiences without azp": ({"aud": [CLIENT, "another"]}, "lacks azp"),
    "azp": ({"aud": [CLIENT, "another"], "azp": "another"}, "another client"),
    "issuer": ({"iss": "https://evil.example"}, "another provider"),
    "expired": ({"exp": int(time.time()) - 61}, "expired"),
    "no end": ({"exp": None}, "lacks exp"),
    "an end that is none": ({"exp": "tomorrow"}, "exp is wrong"),
    "of the future": ({"iat": int(time.time()) + 86_400}, "in the future"),
    "not yet": ({"nbf": int(time.time()) + 86_400}, "isn't valid yet"),
    "at_hash": ({"at_hash": "x" * 22}, "access token"),
    "an at_hash that is none": ({"at_hash": ["x"]}, "access token"),
    "no subject": ({"sub": None}, "lacks sub"),
    "an empty subject": ({"sub": ""}, "whom it is about"),
    "a subject that is none": ({"sub": 5}, "whom it is about"),
    "a subject of other letters": ({"sub": "s-1\u0000"}, "whom it is about"),
    "a long subject": ({"sub": "x" * 256}, "whom it is about"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_token_that_says_anything_else_is_refused(gateway: Served, provider: LocalProvider, what: str) -> None:
    change, words = CHANGED[what]
    provider.alter = lambda claims: {name: one for name, one in {**claims, **change}.items() if one is not None}
    said(signed_in(gateway), 401, words)
    assert people(gateway).keys() == {"admin", "mira", "sam"}
    assert last_lines(gateway, 1) == [("", "sign-in", 401, "not_signed_in", "")]


def test_further_audiences_are_taken_where_the_token_is_for_dossier(gateway: Served, provider: LocalProvider) -> None:
    provider.alter = lambda claims: {**claims, "aud": [CLIENT, "another"], "azp": CLIENT}
    assert signed_in(gateway).status_code == 200


def by_public_key(claims: dict) -> str:
    """What the public key, taken for a shared secret, would bear out."""
    start = f"{plain({'alg': 'HS256', 'kid': 'rsa-1'})}.{plain(claims)}"
    made = hmac.digest(key("RSA", "rsa-1").as_pem(private=False), start.encode(), "sha256")
    return f"{start}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def by_a_key_of_its_own(claims: dict) -> str:
    """It brings the key along that it should be checked with."""
    own = key("EC", "strangers")
    return signed(claims, own, "ES256", kid="ec-1", jwk=own.as_dict(private=False))


def with_a_critical_field(claims: dict) -> str:
    start = f"{plain({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['own'], 'own': 1})}.{plain(claims)}"
    made = key("RSA", "rsa-1").private_key.sign(start.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{start}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def changed_afterwards(claims: dict) -> str:
    head, _, signature = signed(claims, key("RSA", "rsa-1")).split(".")
    return f"{head}.{plain({**claims, 'sub': 's-2'})}.{signature}"


SIGNATURES = {
    "none": (unsigned, "ways that are safe"),
    "the public key as a secret": (by_public_key, "ways that are safe"),
    "a stranger's key": (by_a_key_of_its_own, "signature is wrong"),
    "a key that isn't named": (lambda claims: signed(claims, key("RSA", "strangers")), "doesn't name as its own"),
    "the name of another kind": (lambda claims: signed(claims, key("RSA", "rsa-1"), kid="ec-1"), "doesn't name as its"),
    "claims changed afterwards": (changed_afterwards, "signature is wrong"),
    "a critical field": (with_a_critical_field, "can't be read"),
    "no token": (lambda claims: "words", "can't be read"),
    "nothing": (lambda claims: "", "can't be read"),
    "very much": (lambda claims: f"{plain({'alg': 'RS256'})}.{'x' * 200_000}.x", "can't be read"),
}


@pytest.mark.parametrize("what", SIGNATURES)
def test_a_token_that_is_signed_otherwise_is_refused(gateway: Served, provider: LocalProvider, what: str) -> None:
    provider.sign, words = SIGNATURES[what]
    said(signed_in(gateway), 401, words)
    assert people(gateway).keys() == {"admin", "mira", "sam"}


def test_new_keys_are_looked_for_once(gateway: Served, provider: LocalProvider) -> None:
    signed_in(gateway)
    provider.sign = lambda claims: signed(claims, key("RSA", "rsa-2"))
    said(signed_in(gateway), 401, "doesn't name as its own")
    assert provider.asked.count(KEYS) == 2
    provider.keys = [key("RSA", "rsa-2")]
    assert signed_in(gateway).status_code == 200
    assert provider.asked.count(KEYS) == 3


def test_only_signatures_of_private_keys_are_taken() -> None:
    assert len(id_token.ALGORITHMS) == 9
    assert not [one for one in id_token.ALGORITHMS if one[:2] not in ("RS", "PS", "ES")]
