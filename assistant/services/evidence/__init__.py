"""Proof of what is said: sentences and rows of passages that state it, or answer by themselves."""
