"""How questions fare before and after a search: found, refused, followed up, taken as a whole.

`python -m benchmarks.questions [LANGUAGE …]`. The documents and questions in `sets/` and `checks/`
were made for this: the lines in the code were drawn on the former. Everything goes through the
product's own code, on PostgreSQL and Chroma; no model is asked.
"""
