"""What the identity provider tells about itself: its addresses and the keys that it signs with."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from dossier.web_addresses import is_guarded
from serving.oidc.remembering import Remembered
from serving.oidc.wire import Wire, log, unavailable

Key = RSAKey | ECKey
_MOST_KEYS = 32
_SMALLEST_RSA = 2048
_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The provider's addresses. `by_form`: it takes the client's secret in the form alone, not in a header.

    `names_itself`: it says in each answer through the browser who it is (RFC 9207).
    """

    authorization: str
    token: str
    keys: str
    by_form: bool
    names_itself: bool


class Provider:
    """One provider. What it tells is fetched at the first sign-in and kept for an hour."""

    def __init__(self, issuer: str, wire: Wire) -> None:
        self._issuer, self._wire = issuer, wire
        self._endpoints = Remembered(self._fetch_endpoints)
        self._keys = Remembered(self._fetch_keys)

    async def endpoints(self) -> Endpoints:
        """Its addresses. Raises EnvironmentProblem."""
        return await self._endpoints.value()

    async def keys(self) -> tuple[Key, ...]:
        """The keys that it signs with. Raises EnvironmentProblem."""
        return await self._keys.value()

    async def newer_keys(self, seen: tuple[Key, ...]) -> tuple[Key, ...]:
        """The keys that it has now: it may have changed them since. Raises EnvironmentProblem."""
        return await self._keys.renewed(seen)

    async def _fetch_endpoints(self) -> Endpoints:
        """OpenID Connect Discovery 1.0, section 4: who answers must be who was asked for."""
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._wire.get(url)
        if found.get("issuer") != self._issuer:
            told = repr(found.get("issuer"))[:_LONGEST_SHOWN]
            raise unavailable(f"it calls itself {told}, which isn't what oidc_issuer says. Set it to exactly that name")
        ways = found.get("token_endpoint_auth_methods_supported")
        in_form_alone = isinstance(ways, list) and "client_secret_basic" not in ways and "client_secret_post" in ways
        return Endpoints(
            authorization=_address(found, "authorization_endpoint"),
            token=_address(found, "token_endpoint"),
            keys=_address(found, "jwks_uri"),
            by_form=in_form_alone,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self) -> tuple[Key, ...]:
        """RFC 7517, section 5: keys that aren't understood are passed over."""
        found = (await self._wire.get((await self.endpoints()).keys)).get("keys")
        told = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        keys = tuple(key for one in told[:_MOST_KEYS] if (key := _key(one)) is not None)
        if not keys:
            raise unavailable("it has no RSA (2048 bits or more) or EC key to sign with")
        return keys


def _address(found: dict[str, Any], name: str) -> str:
    address = found.get(name)
    if not isinstance(address, str) or not is_guarded(address):
        raise unavailable(f"its {name} is missing, or doesn't begin with https://")
    return address


def _key(told: dict[str, Any]) -> Key | None:
    """A public key for signatures. Never a symmetric one: whoever knows it could sign, too."""
    parts = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}.get(str(told.get("kty")), ())
    if not parts or told.get("use", "sig") != "sig":
        return None
    wanted = {name: told.get(name) for name in ("kty", *parts)}
    wanted |= {name: told[name] for name in ("kid", "alg", "use") if name in told}
    public = {name: value for name, value in wanted.items() if isinstance(value, str)}
    if public != wanted:
        return None
    try:
        key = RSAKey.import_key({**public}) if told["kty"] == "RSA" else ECKey.import_key({**public})
        strong = isinstance(key, ECKey) or key.raw_value.key_size >= _SMALLEST_RSA
    except (JoseError, ValueError, KeyError, UnsupportedAlgorithm) as error:  # KeyError: a curve of no known name
        log.warning("a key of the identity provider isn't understood: %s", type(error).__name__)
        return None
    return key if strong else None
