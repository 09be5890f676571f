"""Users, their sessions, and what becomes of both."""
