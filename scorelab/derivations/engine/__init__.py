"""How a derivation is made and checked."""
