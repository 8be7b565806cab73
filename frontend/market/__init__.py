"""Prices, projections, risk and news for analysts."""
