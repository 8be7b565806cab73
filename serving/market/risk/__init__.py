"""What a list of holdings is worth, how it moved together, and what it may lose."""
