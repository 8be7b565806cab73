"""How well retrieval does on questions whose answers' places are known."""
