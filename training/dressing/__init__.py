"""From a prepared set to what a model is tuned on: excerpts, prompts and replies, retrieval-aware."""
