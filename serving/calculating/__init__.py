"""Arithmetic that a question asks for in so many words: code plans it, finds the rows and writes the expression."""

from serving.calculating.compute import compute
from serving.calculating.lookup import Computed

__all__ = ["Computed", "compute"]
