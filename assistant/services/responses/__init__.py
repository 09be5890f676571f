"""Responses as OpenAI's API has them: each is a job, and leaves nothing in memory alone.

- *Creating* one inserts its job and its row in one transaction.
- Its worker reads the *history*, asks the model and lets what it says into a `Transcript`: output
  items, and numbered events about them. These are committed under the worker's fence before anybody
  is told, so the same number is the same event for ever, whoever dies.
- Followers read what is behind their cursor from PostgreSQL; the live events of the job only wake
  them. The first events and the last one are no rows: they follow from the response and its job.
- An attempt that goes on after another says again what was said before; where it departs from it,
  what was begun is closed as `incomplete` and said anew.
"""
