"""Exact arithmetic on small written expressions such as ``(a - b) / b``."""

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal

_OPERATIONS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


def evaluate(text: str, names: Mapping[str, Decimal] | None = None) -> Decimal:
    """Work out an expression of numbers, names, the four operations and parentheses.

    Raises KeyError for a name that has no value and ValueError for anything else than arithmetic.
    """
    return _value(ast.parse(text.strip(), mode="eval").body, text, names or {})


def _value(node: ast.expr, text: str, names: Mapping[str, Decimal]) -> Decimal:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        operation = _OPERATIONS[type(node.op)]
        return operation(_value(node.left, text, names), _value(node.right, text, names))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text, names)
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        # The written digits are read, not the float, so that 0.1 stays exactly 0.1.
        return Decimal(ast.get_source_segment(text.strip(), node) or "")
    raise ValueError(f"not arithmetic: {text!r}")
