"""What the provider's claims make of a person here: the name that is wished for, the role, the groups."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dossier.errors import ForbiddenError
from dossier.settings import Settings
from serving.oidc.wire import log
from serving.store import Role

MOST_GROUPS = 1000
_LONGEST_GROUP = 100
_LONGEST_NAME = 56
"""So that a number still fits behind a name that is taken."""


@dataclass(frozen=True, slots=True)
class RightsByGroup:
    """Which of the provider's groups give which role, the highest first."""

    claim: str
    roles: tuple[tuple[Role, frozenset[str]], ...]
    otherwise: Role | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        told = (
            (Role.ADMIN, settings.oidc_admins),
            (Role.ANALYST, settings.oidc_analysts),
            (Role.SUPPORT, settings.oidc_support),
        )
        otherwise = Role(settings.oidc_default_role) if settings.oidc_default_role else None
        return cls(settings.oidc_groups_claim, tuple((role, _names(text)) for role, text in told), otherwise)

    def groups_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """The groups that the claims list. Raises ForbiddenError where they list something else."""
        told = claims.get(self.claim, [])
        if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
            log.warning("the claim %s of an ID token isn't a list of texts", self.claim)
            raise ForbiddenError(
                "The identity provider doesn't say in a readable way which groups you are in. Tell an admin: the "
                "setting oidc_groups_claim must name a claim that is a list of names."
            )
        if len(told) > MOST_GROUPS:
            raise ForbiddenError(
                f"The identity provider says that you are in more than {MOST_GROUPS} groups. Ask an admin to have it "
                "send only those that matter to Dossier."
            )
        return frozenset(one for one in told if one.isprintable() and 0 < len(one.strip()) <= _LONGEST_GROUP)

    def role_of(self, groups: frozenset[str]) -> Role:
        """The highest role that one of the groups gives. Raises ForbiddenError where none does."""
        for role, giving in self.roles:
            if groups & giving:
                return role
        if self.otherwise is None:
            raise ForbiddenError(
                "You are known to the identity provider, but in none of the groups that may use Dossier. "
                "Ask an admin to add you to one of them there, then sign in again."
            )
        return self.otherwise


def wished_name(claims: Mapping[str, Any]) -> str:
    """A name that fits, from what the provider calls somebody; rights never come from it."""
    for claim in ("preferred_username", "email", "name"):
        told = claims.get(claim)
        if isinstance(told, str):
            plain = unicodedata.normalize("NFKD", told[:200]).encode("ascii", "ignore").decode().lower()
            fitting = re.sub(r"[^a-z0-9._@+-]+", "-", plain.strip()).lstrip("._@+-")[:_LONGEST_NAME].rstrip("-")
            if fitting:
                return fitting
    return "user"


def _names(text: str) -> frozenset[str]:
    return frozenset(name for part in text.split(",") if (name := part.strip()))
