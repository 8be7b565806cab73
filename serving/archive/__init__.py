"""Backups: one file of everything that can't be made again, and the way back."""
