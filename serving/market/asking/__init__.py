"""Questions of the chat that prices answer: recognised by rules, computed by code."""
