"""Documents to chunks to embeddings to an index generation to ranked passages."""
