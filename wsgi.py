"""The application, for gunicorn and for the `flask` command."""

from assistant.app import create_app

app = create_app()
