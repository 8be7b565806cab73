"""Labels of short texts (what is wanted, what tone, what topic) by a linear head on sentence embeddings."""
