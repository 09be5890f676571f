"""A kind of job that the application does not have: what a developer adds for a new one."""
