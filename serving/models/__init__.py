"""Which adapter answers: at the start, after a promotion, and in the model server."""
