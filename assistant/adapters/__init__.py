"""The only place that knows vendors, whose libraries report to nobody here."""

import os

# Set before any of them is imported, whatever the environment says: texts of documents pass
# through all of them.
UNREPORTED = {
    # Hugging Face: the hub, transformers, sentence-transformers.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    # Chroma.
    "ANONYMIZED_TELEMETRY": "False",
    # langchain traces to LangSmith wherever a key for it lies about.
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "LANGCHAIN_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
}
os.environ.update(UNREPORTED)
