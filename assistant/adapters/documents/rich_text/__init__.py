"""Reading the groups and words of rich text."""
