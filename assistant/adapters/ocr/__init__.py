"""Recognising the text in pictures of pages, each in processes that get at nothing else."""
