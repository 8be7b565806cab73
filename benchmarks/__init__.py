"""Measurements that anyone can run; README.md lists them."""
