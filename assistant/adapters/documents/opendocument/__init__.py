"""Reading the parts of OpenDocument files."""
