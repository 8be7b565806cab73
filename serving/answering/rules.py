"""Which groups of rules the chain goes by: all of them, but where a measurement asks what one brings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Groups of rules, each of which may be off.

    `fitting`: what can't be the answer isn't read out. `computing`: code looks amounts up and computes with them.
    `comparing`: two rows, or two companies, are set against each other; part of computing. `counting`: questions over
    all rows of a table are counted.
    """

    fitting: bool = True
    computing: bool = True
    comparing: bool = True
    counting: bool = True


EVERY_RULE = Rules()
