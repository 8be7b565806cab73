"""Batches as the gateway tells them, and how they are asked for."""

from dataclasses import dataclass

from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

_BATCHES = "/v1/batches"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of questions and how far it has come. `seconds_left` None: not known."""

    id: str
    name: str
    state: str
    total: int
    answered: int
    failed: int
    seconds_left: float | None

    @property
    def running(self) -> bool:
        """Whether it is being answered."""
        return self.state == "running"

    @property
    def done(self) -> int:
        """Questions that need no more work."""
        return self.answered + self.failed

    @classmethod
    def read(cls, data: Json) -> "Batch":
        """From the JSON of `/v1/batches`."""
        left = data.get("seconds_left")
        return cls(
            str(data["id"]), str(data["name"]), str(data["state"]), int(data["total"]), int(data["answered"]),
            int(data["failed"]), float(left) if left is not None else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A question of a batch and what came of it; `places` are what its answer cites."""

    question: str
    state: str
    answer: str
    verdict: str
    note: str
    places: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "BatchAnswer":
        """From the JSON of `/v1/batches/{id}/answers`."""
        places = tuple(f"{source['document']}, page {source['page']}" for source in data.get("sources") or ())
        return cls(
            question=str(data["question"]),
            state=str(data["state"]),
            answer=str(data.get("answer") or ""),
            verdict=str(data.get("verdict") or ""),
            note=str(data.get("note") or ""),
            places=places,
        )


def batches(gateway: Connection) -> list[Batch]:
    """The person's batches, the latest first."""
    return [Batch.read(batch) for batch in gateway.call("GET", _BATCHES)]


def start_batch(gateway: Connection, name: str, content: bytes) -> Batch:
    """Begin to answer the questions of a file. Raises what the gateway says against it."""
    return Batch.read(gateway.send(f"{_BATCHES}/file", {"name": name}, content))


def batch_answers(gateway: Connection, batch: str, offset: int, limit: int) -> list[BatchAnswer]:
    """The answers so far, in the order of the questions."""
    found = gateway.query(f"{_BATCHES}/{batch}/answers", {"offset": offset, "limit": limit})
    return [BatchAnswer.read(answer) for answer in found]


def batch_sheet(gateway: Connection, batch: str) -> bytes:
    """The answers so far as a workbook."""
    return gateway.fetch(f"{_BATCHES}/{batch}/sheet")


def cancel_batch(gateway: Connection, batch: str) -> None:
    """Stop a batch; what is answered stays."""
    gateway.call("POST", f"{_BATCHES}/{batch}/cancel", {})


def resume_batch(gateway: Connection, batch: str) -> None:
    """Let a cancelled batch go on. Raises ConflictError while too many others run."""
    gateway.call("POST", f"{_BATCHES}/{batch}/resume", {})


def delete_batch(gateway: Connection, batch: str) -> None:
    """Delete a batch with its answers."""
    gateway.call("DELETE", f"{_BATCHES}/{batch}")
