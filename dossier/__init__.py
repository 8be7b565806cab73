"""The vocabulary that every part of Dossier shares: records, prompt, citations, settings, errors."""

__version__ = "0.1.0"
