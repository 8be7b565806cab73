"""Trains heads that label short texts, and measures them on texts that they never saw."""
