"""Reading the cells of spreadsheets as they are shown."""
