"""Messages with labels share a prompt, whatever order their file has."""

from collections import Counter

from training.data.example import Origin
from training.data.importing.short_texts import intent
from training.dressing.items import short_items

LABELS = tuple(f"wish {number}" for number in range(12))


def test_messages_that_share_a_prompt_are_of_many_labels() -> None:
    """Files often stand by label: a batch of one label would teach to say that label."""
    sorted_by_label = [
        intent(f"Message {number} about {label}", label, Origin("wishes", f"row {number}"))
        for label in LABELS
        for number in range(24)
    ]
    items = list(short_items(sorted_by_label, {"wishes": LABELS}, []))
    assert sum(len(item.about) for item in items) == len(sorted_by_label)
    labels = [Counter(about["expected"][0] for about in item.about) for item in items]
    assert min(map(len, labels)) >= 6
    again = list(short_items(sorted_by_label[::-1], {"wishes": LABELS}, []))
    assert [item.line for item in again] == [item.line for item in items]
