"""Readers of the sets and file formats that people have their examples in."""
