"""Signing in elsewhere: OpenID Connect, a hospital's provider or a national eID's (docs/adr/0031)."""
