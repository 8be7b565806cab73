"""News from RSS and Atom feeds that are configured: fetched, kept as documents, and indexed as they come."""
