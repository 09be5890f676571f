"""Shows that an earlier release works beside this one, on one database that it has filled."""
