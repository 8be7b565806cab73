"""The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jws import JWSRegistry

from dossier.errors import SignInError
from serving.oidc.provider import Key
from serving.oidc.wire import log

ALGORITHMS: Final = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures that only the holder of a private key can make: no HS256, and never `none`."""
LEEWAY_SECONDS: Final = 60
"""How far the provider's clock may be from this machine's."""
_LONGEST_SUBJECT = 255
_WRONG: Final = {
    "iss": "it is from another provider",
    "aud": "it is meant for another client",
    "azp": "it is meant for another client",
    "nonce": "it belongs to another sign-in",
    "at_hash": "it doesn't belong to the access token that came with it",
    "iat": "it was issued in the future: compare the clocks of both machines",
    "nbf": "it isn't valid yet: compare the clocks of both machines",
    "sub": "it doesn't say whom it is about",
}


class UnknownKeyError(Exception):
    """The token names a key that isn't among those known."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say, and the access token that came with it."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str


def refused(why: str) -> SignInError:
    """The error for a token that isn't believed. `why` has nothing of the token in it."""
    log.warning("a token of the identity provider was refused: %s", why)
    return SignInError(
        f"The identity provider's token was refused: {why}. Sign in again; if it stays so, tell an admin."
    )


def checked_claims(token: str, keys: Sequence[Key], expected: Expected) -> dict[str, Any]:
    """The claims of a token, every check passed.

    Raises UnknownKeyError if it may be signed by a key that isn't among these, SignInError if it isn't to be believed.
    """
    try:
        # a header field that isn't known is passed over (RFC 7515, section 4); one that is critical isn't
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        read = jwt.decode(token, _choosing(keys), ALGORITHMS, registry)
        claims = CodeIDToken(read.claims, read.header, _options(expected), _parameters(expected))
        if not isinstance(claims.get("at_hash", ""), str):
            raise refused(_WRONG["at_hash"])
        claims.validate(int(time.time()), LEEWAY_SECONDS)
    except UnsupportedAlgorithmError:
        raise refused("it isn't signed in one of the ways that are safe") from None
    except BadSignatureError:
        raise refused("its signature is wrong") from None
    except ExpiredTokenError:
        raise refused("it has expired: compare the clocks of both machines") from None
    except MissingClaimError as error:
        raise refused(f"it lacks {error.claim}") from None
    except ClaimError as error:
        raise refused(_WRONG.get(error.claim, f"its {error.claim} is wrong")) from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("it can't be read") from None
    subject = claims["sub"]
    # as the standard has it; two that a database may take for one must not be let in as each other
    if not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isascii() and subject.isprintable()):
        raise refused(_WRONG["sub"])
    return dict(claims)


def _options(expected: Expected) -> dict[str, dict[str, Any]]:
    return {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "sub": {"essential": True},
        "at_hash": {"essential": False},
    }


def _parameters(expected: Expected) -> dict[str, str]:
    return {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}


def _choosing(keys: Sequence[Key]) -> Callable[[Any], Key]:
    """Which key a token is checked with: what it names, of the kind that its algorithm needs."""

    def choose(signed: Any) -> Key:  # noqa: ANN401 (joserfc's own protocol)
        header = signed.headers()
        algorithm, name = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        kind = "EC" if algorithm.startswith("ES") else "RSA"
        fitting = [key for key in keys if key.key_type == kind and name in (None, key.kid)]
        if not fitting or (name is None and len(fitting) > 1):
            raise UnknownKeyError
        return fitting[0]

    return choose
