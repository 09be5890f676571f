"""Finding the passages that answer a question, and keeping the index that finds them true."""
