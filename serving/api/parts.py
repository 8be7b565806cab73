"""What one app holds while it runs, and how a request finds it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from serving.api.attempts import Attempts
from serving.api.auditing import AuditTrail
from serving.api.gateway import Gateway
from serving.api.rates import Rates
from serving.api.slots import Slots
from serving.batches.work import BatchWorker
from serving.health_history import HealthHistory
from serving.jobs import IndexJob
from serving.metrics import Metrics
from serving.store import Store

if TYPE_CHECKING:
    from serving.oidc.sign_in import ProviderSignIn


@dataclass(frozen=True, slots=True)
class Running:
    """The gateway's parts and what the app adds: job, batches, measurements, history, limits, audit trail.

    `provider` is the way in over an identity provider, where the settings name one.
    """

    gateway: Gateway
    job: IndexJob
    metrics: Metrics
    slots: Slots
    attempts: Attempts
    rates: Rates
    password_work: CapacityLimiter
    door_work: CapacityLimiter
    trail: AuditTrail
    analysis_work: CapacityLimiter
    batches: BatchWorker
    history: HealthHistory
    provider: "ProviderSignIn | None"

    @property
    def store(self) -> Store:
        """The gateway's store."""
        return self.gateway.store


def parts_of(request: Request) -> Running:
    """What the app of this request holds."""
    running = request.app.state.running
    if not isinstance(running, Running):
        raise TypeError("the app wasn't made by create_app")
    return running


Parts = Annotated[Running, Depends(parts_of)]
"""What the app of this request holds, as a dependency."""
