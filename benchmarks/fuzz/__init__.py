"""Mutated and hostile files against the whole stack: what they can break, delay or leave behind."""
