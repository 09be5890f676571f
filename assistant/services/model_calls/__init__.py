"""Requests of OpenAI's clients that go to the model server and come back: they are no jobs."""
