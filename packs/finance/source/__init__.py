"""Makes the documents and the questions of the finance pack."""
