"""Passwords as argon2id hashes. Checking takes as long for a user that doesn't exist."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from dossier.errors import QuestionError

SHORTEST = 10
LONGEST = 1024


class PasswordError(QuestionError):
    """A new password can't be used."""

    code = "bad_password"


class Passwords:
    """Hashes and checks passwords with argon2id."""

    def __init__(
        self,
        time_cost: int = RFC_9106_LOW_MEMORY.time_cost,
        memory_kib: int = RFC_9106_LOW_MEMORY.memory_cost,
        lanes: int = RFC_9106_LOW_MEMORY.parallelism,
    ) -> None:
        """Set the cost; the defaults are RFC 9106's second recommendation (64 MiB, three passes)."""
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes)
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """The argon2id hash of a new password. Raises PasswordError if it is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise PasswordError(f"A password has {SHORTEST} to {LONGEST} characters. Choose another one.")
        return self._hasher.hash(_bytes(password))

    def right(self, password: str, stored: str | None) -> bool:
        """Whether the password is the one behind `stored`. For None the same work is done, for nothing."""
        try:
            return self._hasher.verify(stored or self._nobody, _bytes(password)) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost and should be made anew."""
        return self._hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    # JSON may carry half of a surrogate pair, which plain UTF-8 doesn't
    return password.encode("utf-8", "surrogatepass")
