"""What citations name: the quotes in replies, and the texts of generations that they quote."""
