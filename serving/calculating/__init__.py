"""Arithmetic that a question asks for in so many words: code plans it, finds the rows and writes the expression."""

from serving.calculating.calculate import Calculation, calculate

__all__ = ["Calculation", "calculate"]
