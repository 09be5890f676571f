"""Reading the parts of Word documents."""
