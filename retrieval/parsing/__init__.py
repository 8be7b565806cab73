"""Readers of document formats. Each turns one file's bytes into pages of text with headings."""
