"""A self-hosted assistant backend: conversations, documents, and answers with evidence."""

__version__ = "0.1.0"
