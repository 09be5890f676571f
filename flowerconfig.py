"""Flower's settings, which it reads at its start; most come from the Procfile."""

from flower.views.monitor import Metrics
from tornado.web import authenticated

# Flower asks for its password everywhere but here, at its health check and for static files.
Metrics.get = authenticated(Metrics.get)
