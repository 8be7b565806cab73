"""The records of a sign-in at the identity provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the browser goes, and the secret that its cookie keeps for so many seconds."""

    address: str = field(repr=False)
    browser: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back from the provider. `issuer` is who the provider says it is (RFC 9207)."""

    state: str = field(repr=False)
    browser: str = field(repr=False)
    code: str = field(repr=False)
    issuer: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is to the provider, all checks passed. What it says of them is in the claims."""

    issuer: str
    subject: str
    claims: Mapping[str, Any] = field(repr=False)
