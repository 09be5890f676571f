"""What operators look at: readiness, statistics and the doctor's findings."""
