"""Is a tuned model better? Asked beside its base, with intervals, for the registry and for people."""
