"""Whether an answer is borne out: its numbers traced, its sentences supported."""
