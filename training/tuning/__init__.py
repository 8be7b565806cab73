"""Fine-tuning of a small language model that computes only what carries loss."""
