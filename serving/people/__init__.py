"""Users and what is kept of them: the commands, erasure, retention."""
