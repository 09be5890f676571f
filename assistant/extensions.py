"""The Flask extensions, unbound, and the settings of the application at hand."""

from typing import cast

from flask import current_app
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from werkzeug.local import LocalProxy

from assistant.adapters.cache import Cache
from assistant.adapters.provided import Adapters
from assistant.config import Settings

migrate = Migrate()
jwt = JWTManager()

settings = cast(Settings, LocalProxy(lambda: current_app.extensions["settings"]))
cache = cast(Cache, LocalProxy(lambda: current_app.extensions["cache"]))
adapters = cast(Adapters, LocalProxy(lambda: current_app.extensions["adapters"]))
