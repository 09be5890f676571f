"""Conversations, their messages and branches, and what asking in them begins."""
