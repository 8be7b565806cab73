"""Brings the database to the tables that this version of Dossier needs, when the gateway starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from dossier.errors import EnvironmentProblem
from serving.store.database import Database


def migrate(database: Database) -> None:
    """Apply the migrations that are missing, all or none.

    Processes that start at the same time wait for each other at the write lock. Raises EnvironmentProblem when the
    database was written by a newer Dossier.
    """
    config = _config()
    with database.locked() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise EnvironmentProblem(
                f"The store's tables can't be brought up to date: {error}. It was probably written by a newer Dossier: "
                "install that version, or give this one another database_url."
            ) from error


def newest_schema() -> str:
    """The revision of the tables that this version of Dossier makes."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def knows_schema(revision: str) -> bool:
    """Whether this version of Dossier can bring tables of that revision up to date."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
