"""Entries of a ledger, and which of them are unusual."""
