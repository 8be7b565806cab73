"""Candidate base models side by side: what each is, needs, and is worth on this machine."""
