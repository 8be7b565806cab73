"""What the page and the gateway tell each other about signing in at an identity provider, as records."""

from dataclasses import dataclass, field

from frontend.gateway.source_records import Json


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the browser goes, and the secret that its cookie keeps for so many seconds."""

    address: str = field(repr=False)
    browser: str = field(repr=False)
    seconds: int

    @classmethod
    def read(cls, data: Json) -> "Beginning":
        """From the JSON of `POST /auth/oidc/begin`."""
        return cls(str(data["address"]), str(data["browser"]), int(data["seconds"]))


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What the browser brought back, and the secret of its cookie."""

    browser: str = field(repr=False)
    state: str = field(repr=False)
    code: str = field(repr=False)
    iss: str
    error: str

    @property
    def body(self) -> Json:
        """The JSON of `POST /auth/oidc/finish`."""
        return {name: getattr(self, name) for name in ("browser", "state", "code", "iss", "error")}
