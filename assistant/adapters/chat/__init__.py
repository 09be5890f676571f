"""Talk to a language model behind any OpenAI-compatible server."""

from assistant.adapters.chat.client import OpenAIChat

__all__ = ["OpenAIChat"]
