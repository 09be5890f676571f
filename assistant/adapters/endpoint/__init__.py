"""An embedding model behind an OpenAI-compatible server."""
