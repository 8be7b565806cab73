"""Removes what has been kept long enough: once when the gateway starts, then once a day."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from dossier.settings import Settings
from serving.store import Store
from serving.store.database import in_words

_DAY_SECONDS = 24 * 3600
_log = logging.getLogger(__name__)


def remove_old(store: Store, settings: Settings, now: datetime) -> None:
    """Remove what the settings don't want kept any longer."""
    for days, forget in (
        (settings.audit_days, store.audit.forget_before),
        (settings.conversation_days, store.conversations.forget_before),
        (settings.conversation_days, store.batches.forget_before),
    ):
        if days:
            forget(now - timedelta(days=days))


async def keep_for_a_time(store: Store, settings: Settings) -> None:
    """Remove what is old now and once a day, until cancelled."""
    while True:
        try:
            await asyncio.to_thread(remove_old, store, settings, datetime.now(UTC))
        except SQLAlchemyError as error:
            _log.error("what is old couldn't be removed and will be tomorrow: %s", in_words(error))
        await asyncio.sleep(_DAY_SECONDS)
