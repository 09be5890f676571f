"""What an installation does that has filled up, beside one that is empty."""
