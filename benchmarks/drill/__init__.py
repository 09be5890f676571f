"""A drill that breaks a running stack on purpose, and shows that no accepted job suffers."""
