"""Takes a sample of the gateway's state every 15 seconds."""

import asyncio
from datetime import UTC, datetime

from serving.api.parts import Running
from serving.api.status import readiness
from serving.api.work import in_thread
from serving.health_history import EVERY_SECONDS, Sample, disk_of, memory_of_machine


async def keep_watching(running: Running) -> None:
    """Add samples to the history until cancelled."""
    while True:
        running.history.add(await take_sample(running))
        await asyncio.sleep(EVERY_SECONDS)


async def take_sample(running: Running) -> Sample:
    """How it is now."""
    now = await readiness(running)
    return Sample(
        at=datetime.now(UTC),
        engine=running.gateway.engine_up,
        index=bool(now.index.generation),
        store=now.store.state == "ready",
        running=running.slots.taken,
        silent=running.slots.silent,
        first_seconds=running.metrics.lately(),
        disk=await in_thread(disk_of, running.gateway.settings.home),
        memory=await in_thread(memory_of_machine),
    )
