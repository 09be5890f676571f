"""Flower's settings, for which it looks in the folder that it is started in; see the Procfile."""

from flower.views import BaseHandler
from flower.views.monitor import Metrics
from tornado.web import authenticated

from assistant.models import Queue

# Flower asks for its password everywhere but here, at its health check and for static files.
Metrics.get = authenticated(Metrics.get)

# It would show only the queues of the workers that were up when it started.
BaseHandler.get_active_queue_names = lambda _: [queue.value for queue in Queue]
