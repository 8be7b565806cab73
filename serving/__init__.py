"""The model server, the answer chain, users and the HTTP API."""
