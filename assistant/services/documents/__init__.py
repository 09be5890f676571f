"""Documents and their collections: kept, indexed, changed and removed everywhere."""
