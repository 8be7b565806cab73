"""Signing in at the company's own identity provider (OpenID Connect), where the settings name one."""
