"""The embedding model converted for OpenVINO, which takes less time and memory than torch."""
