"""How Dossier is and how the last hour was, as the gateway tells admins."""

from dataclasses import dataclass
from datetime import UTC, datetime

from frontend.gateway.connection import Connection
from frontend.gateway.records import moment
from frontend.gateway.source_records import Json


@dataclass(frozen=True, slots=True)
class Part:
    """A part of Dossier. `state` is one word, `message` what is wrong or to know."""

    name: str
    well: bool
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class Room:
    """How much of something there is, in bytes."""

    used: int
    total: int

    @classmethod
    def read(cls, data: Json | None) -> "Room | None":
        """From a sample's `disk` or `memory`."""
        return None if data is None else cls(int(data["used"]), int(data["total"]))


@dataclass(frozen=True, slots=True)
class Sample:
    """How it was at a moment; seconds to the first words are None where no answer began to speak."""

    at: datetime
    well: bool
    running: int
    silent: int
    typical: float | None
    slowest: float | None
    disk: Room | None
    memory: Room | None

    @classmethod
    def read(cls, data: Json) -> "Sample":
        """From one of the `samples` of `GET /admin/health`."""
        typical, slowest = data.get("first_typical"), data.get("first_slowest")
        return cls(
            at=moment(data["at"]) or datetime.now(UTC),
            well=bool(data["engine"] and data["index"] and data["store"]),
            running=int(data["running"]),
            silent=int(data["silent"]),
            typical=None if typical is None else float(typical),
            slowest=None if slowest is None else float(slowest),
            disk=Room.read(data.get("disk")),
            memory=Room.read(data.get("memory")),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """How Dossier is, and the samples of the last hour, oldest first."""

    version: str
    parts: tuple[Part, ...]
    running: int
    silent: int
    room: int
    samples: tuple[Sample, ...]
    unknown: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "Health":
        """From the JSON of `GET /admin/health`."""
        running, silent, room = (int(data[name]) for name in ("running", "silent", "room"))
        return cls(
            version=str(data["version"]),
            parts=(*_parts(data["now"]), *_news(data.get("news"))),
            running=running,
            silent=silent,
            room=room,
            samples=tuple(map(Sample.read, data["samples"])),
            unknown=tuple(map(str, data.get("unknown") or ())),
        )


def health(gateway: Connection) -> Health:
    """How Dossier is, and how the last hour was."""
    return Health.read(gateway.call("GET", "/admin/health"))


def _parts(now: Json) -> tuple[Part, ...]:
    engine, model, index, store = (now.get(name) or {} for name in ("engine", "model", "index", "store"))
    counts = f"{index.get('documents', 0):,} documents in {index.get('chunks', 0):,} passages"
    indexed = bool(index.get("generation"))
    degraded = bool(model.get("degraded"))
    answers = "not the promoted one" if degraded else "tuned" if model.get("adapter") else "base model"
    return (
        _part("Model server", engine.get("state") == "ready", engine, str(engine.get("state") or "not known")),
        _part("Model", not degraded, {"message": _briefly(str(model.get("message") or ""))}, answers),
        _part("Index", indexed, {"message": index.get("message") or counts}, "ready" if indexed else "missing"),
        _part("Store", store.get("state") == "ready", store, str(store.get("state") or "not known")),
    )


def _briefly(message: str) -> str:
    """Without what an adapter's evaluation found in detail, which the page of models tells."""
    said, against, _ = message.partition(" (against it: ")
    return f"{said}. The page Models says what speaks against it." if against else message


def _news(news: Json | None) -> tuple[Part, ...]:
    if not news:
        return ()
    state = str(news.get("state") or "not known")
    return (_part("News", state == "watching", news, state),)


def _part(name: str, well: bool, told: Json, state: str) -> Part:
    return Part(name, well, state, str(told.get("message") or ""))
