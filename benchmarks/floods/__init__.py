"""What a stranger, or one user, can do to everybody else."""
