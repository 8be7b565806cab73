"""Every setting, its default, and where its value came from."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from dossier.errors import SettingsError
from dossier.web_addresses import is_guarded

PREFIX = "DOSSIER_"
FILE_VARIABLE = "DOSSIER_SETTINGS"
SECRET = frozenset({"admin_password", "database_url", "oidc_client_secret"})
"""Settings whose value is never printed or logged."""


def _guarded(address: str) -> str:
    if address and (not is_guarded(address) or urlsplit(address).query):
        raise ValueError("it must begin with https:// (http:// on this machine alone), without password, ? and #")
    return address


def _origin(address: str) -> str:
    if urlsplit(_guarded(address)).path not in ("", "/"):
        raise ValueError("it must end behind the host and port: the page has no folder of its own")
    return address.rstrip("/")


def _scopes(text: str) -> str:
    if "openid" not in text.split():
        raise ValueError("openid must be one of them")
    return text


class Settings(BaseSettings):
    """What can be set, by the environment (`DOSSIER_PORT=9000`) or in `dossier.toml` (`port = 9000`).

    The environment wins over the file and the file over the defaults. Relative paths count from where Dossier runs.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    home: Path = Field(Path(".dossier"), description="folder of everything Dossier writes: index, models, store, logs")
    pack: str = Field("finance", description="name of a pack in packs/, or the path of a pack folder")
    documents: Path | None = Field(None, description="folder to index instead of the pack's own documents")
    market_data: Path | None = Field(
        None, description="folder of prices as CSV or Parquet; empty: the prices that the pack has"
    )
    feeds: Path | None = Field(
        None, description="TOML file of RSS and Atom feeds that `dossier news` fetches; empty: nothing is ever fetched"
    )
    groups_file: str = Field("groups.toml", description="file in the documents folder that limits files to groups")

    base_model: str = Field("", description="packaged model, or a local folder of safetensors; empty: the pack's")
    embedder: str = Field("all-minilm-l6-v2", description="packaged embedder, or a local sentence-transformers folder")
    reranker: str = Field("", description="local folder of a cross-encoder that sorts the passages found; empty: none")
    device: Literal["cpu", "cuda"] = Field("cpu", description="what the model server runs on")
    adapters: Literal["auto", "on", "off"] = Field(
        "auto",
        description="whether the model server takes adapters as it runs, which is slower; auto: when one is registered",
    )
    adapter_rank: Literal[1, 8, 16, 32, 64, 128, 256, 320, 512] = Field(
        16, description="highest rank of an adapter that the model server takes"
    )
    answer_style: Literal["point", "read", "speak"] = Field(
        "point",
        description="point: the model chooses evidence, code words it, and a tuned model computes; read: a tuned model "
        "reads every question; speak: the model words the answer",
    )

    host: str = Field("127.0.0.1", description="address that the gateway and the page listen on")
    port: int = Field(8000, ge=1, le=65535, description="port of the gateway (API)")
    page_port: int = Field(8501, ge=1, le=65535, description="port of the chat page")
    page_url: Annotated[str, AfterValidator(_origin)] = Field(
        "",
        description="the page's address in people's browsers (https://dossier.acme.example); empty: host, page_port",
    )
    engine_port: int = Field(8100, ge=1, le=65535, description="port of the model server, on loopback only")
    engine_memory_gib: float = Field(1.0, gt=0, description="memory of the model server's key-value cache, in GiB")
    engine_context: int = Field(4096, ge=512, description="longest prompt plus answer, in tokens")
    engine_queue: int = Field(48, ge=1, description="requests that may wait in the model server before 429")
    engine_start_seconds: float = Field(300, gt=0, description="how long the model server may take to become ready")
    engine_probe_seconds: float = Field(10, gt=0, description="pause between two one-token probes, and their limit")

    chunk_tokens: int = Field(180, ge=32, le=240, description="most tokens of text in one chunk")
    passages: int = Field(6, ge=1, le=20, description="passages that an answer may be drawn from")
    relevance: float = Field(0.45, ge=0, le=1, description="least probability that the answer is there, else refuse")
    confidence: float = Field(0.25, ge=0, le=1, description="least chance that a line answers, else it isn't said")
    question_characters: int = Field(4000, ge=1, description="longest question")
    answer_tokens: int = Field(300, ge=1, description="longest answer, in tokens, when the model speaks")
    free_disk_gib: float = Field(1.0, ge=0, description="disk space that must stay free, else indexing refuses")
    parse_seconds: float = Field(60, gt=0, description="longest time for reading one file")
    parse_memory_gib: float = Field(1.5, gt=0, description="most memory for reading one file")
    ocr_languages: str = Field(
        "eng", pattern=r"^[A-Za-z_]{3,20}(\+[A-Za-z_]{3,20})*$", description="Tesseract's languages, as eng+deu"
    )
    ocr_seconds: float = Field(1800, ge=0, description="longest time for the scanned pages of one file; 0: no OCR")

    database_url: str = Field("", description="SQLAlchemy URL of users and chats; empty: SQLite in home")
    admin_password: SecretStr | None = Field(None, description="first admin's password; empty: made and shown once")
    session_hours: float = Field(12, gt=0, description="how long a sign-in lasts")
    oidc_issuer: Annotated[str, AfterValidator(_guarded)] = Field(
        "",
        max_length=255,
        description="identity provider (OpenID Connect) that signs people in, named exactly as it names itself "
        "(https://login.acme.example/realms/staff); empty: none, passwords alone",
    )
    oidc_client_id: str = Field("", max_length=255, description="what the provider calls Dossier")
    oidc_client_secret: SecretStr | None = Field(None, description="its secret there; empty: a public client (PKCE)")
    oidc_name: str = Field(
        "Sign in with your company's account",
        min_length=1,
        max_length=60,
        description="what the button for it says",
    )
    oidc_scopes: Annotated[str, AfterValidator(_scopes)] = Field(
        "openid profile", description="what the provider is asked for, separated by spaces"
    )
    oidc_groups_claim: str = Field("groups", min_length=1, description="claim of the ID token that lists the groups")
    oidc_admins: str = Field("", description="the provider's groups whose people are admins, separated by commas")
    oidc_analysts: str = Field("", description="the provider's groups whose people are analysts")
    oidc_support: str = Field("", description="the provider's groups whose people are support agents")
    oidc_default_role: Literal["", "analyst", "support"] = Field(
        "", description="role of who is in none of these groups; empty: they don't get in"
    )
    requests_per_minute: int = Field(600, ge=0, description="most requests of one user within a minute; 0: no limit")
    conversation_days: int = Field(
        0, ge=0, le=36500, description="conversations in which nothing was said for so long are deleted; 0: never"
    )
    trace_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+\S*)?$",
        description="address that OpenTelemetry spans are sent to (OTLP over HTTP, http://127.0.0.1:4318/v1/traces); "
        "empty: none are made",
    )
    audit_days: int = Field(365, ge=0, le=36500, description="how long lines of the audit log are kept; 0: for ever")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the settings file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=settings_file())

    @property
    def models_folder(self) -> Path:
        """Where prepared base models are."""
        return self.home / "models"

    @property
    def log_folder(self) -> Path:
        """Where the processes write their logs."""
        return self.home / "logs"

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store of users and conversations."""
        return self.database_url or f"sqlite:///{(self.home / 'dossier.sqlite').resolve()}"

    @property
    def engine_url(self) -> str:
        """Address of the model server's OpenAI-compatible API."""
        return f"http://127.0.0.1:{self.engine_port}/v1"

    @property
    def api_url(self) -> str:
        """Address of the gateway as seen from this machine."""
        return f"http://{self._own_host}:{self.port}"

    @property
    def page_address(self) -> str:
        """Address of the page as people's browsers see it, without a slash at the end."""
        return self.page_url or f"http://{self._own_host}:{self.page_port}"

    @property
    def _own_host(self) -> str:
        return "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host  # noqa: S104 (compares, binds nothing)


def settings_file() -> Path:
    """The settings file: `dossier.toml` here, or what DOSSIER_SETTINGS names."""
    return Path(os.environ.get(FILE_VARIABLE, "dossier.toml"))


def load_settings(**overrides: object) -> Settings:
    """Read the settings. Overrides that are None are left out. Raises SettingsError naming each bad setting."""
    _refuse_unknown_variables()
    given = os.environ.get(FILE_VARIABLE)
    if given and not Path(given).is_file():
        raise SettingsError(f"{FILE_VARIABLE} names {given}, which isn't a file. Correct or unset it.")
    try:
        return Settings.model_validate({name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error
    except ValueError as error:  # TOML syntax
        raise SettingsError(f"{settings_file()} can't be read: {error}. Correct it and start again.") from error


def origins(settings: Settings) -> dict[str, str]:
    """For each setting, where its value came from: default, the settings file, or the variable's name."""
    source = TomlConfigSettingsSource(Settings, toml_file=settings_file())
    in_file = set(source())
    result = {}
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if variable in os.environ:
            result[name] = f"environment {variable}"
        elif name in in_file:
            result[name] = str(settings_file())
        else:
            result[name] = "given" if name in settings.model_fields_set else "default"
    return result


def _refuse_unknown_variables() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {FILE_VARIABLE}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(f"unknown setting {', '.join(unknown)}. `dossier settings` lists the ones there are.")


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        if not name:
            lines.append(f"{settings_file()} can't be read: {problem['msg'].lower()}. Correct it and start again.")
        elif problem["type"] == "extra_forbidden":
            lines.append(f"unknown setting {name}. `dossier settings` lists the ones there are.")
        else:
            shown = "a value that isn't shown" if name in SECRET else repr(problem["input"])
            lines.append(f"setting {name}: {problem['msg'].lower()} (got {shown}).")
    return "\n".join(lines)
