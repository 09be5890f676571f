"""An installation as an earlier release left it, and what has to be true after an upgrade."""
