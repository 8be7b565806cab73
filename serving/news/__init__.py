"""Questions for what is new: answered from the dated items of feeds, newest first."""
