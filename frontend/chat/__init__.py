"""Asking and answering: the chat, the support agent's replies, sources and the page beside them."""
