"""From raw examples to a prepared data set: import, clean, check, split, describe."""
