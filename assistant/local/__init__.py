"""The embedded servers and the supervision of a run on one machine."""
