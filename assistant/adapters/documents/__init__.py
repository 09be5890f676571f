"""Reading text out of files that strangers uploaded."""
