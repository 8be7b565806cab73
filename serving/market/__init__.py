"""Prices of shares and indices from files, and what analysts compute from them."""
