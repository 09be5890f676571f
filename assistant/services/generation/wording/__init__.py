"""What people say around what they ask for: words and phrases of each language."""
