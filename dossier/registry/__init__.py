"""The model registry: adapters by their SHA-256 with where they come from and what they are worth, and the champions.

A folder that training writes to and serving reads from; no server of its own.
"""

from dossier.registry.champions import Champions, ChampionsFile, Change
from dossier.registry.entries import Entry, Origin, Registry
from dossier.registry.evaluation import Audit, Comparison, Evaluation, Forgetting, Served

__all__ = [
    "Audit",
    "Champions",
    "ChampionsFile",
    "Change",
    "Comparison",
    "Entry",
    "Evaluation",
    "Forgetting",
    "Origin",
    "Registry",
    "Served",
]
