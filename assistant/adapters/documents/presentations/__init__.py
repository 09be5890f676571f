"""Reading slides and the drawings on them."""
