"""The application that `celery -A workers worker` finds."""

from assistant.app import create_app

app = create_app().extensions["celery"]
