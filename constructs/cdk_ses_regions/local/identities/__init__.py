"""Identities: what they are, how DNS verifies them, how they sign, who else may use them."""
