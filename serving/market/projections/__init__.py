"""How a price might go on: statistical models, tested on the past against the assumption that nothing changes."""
