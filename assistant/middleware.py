"""What happens around every request: an id, limits, a log line, headers."""

import logging
import re
import time
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, current_app, g, request
from flask_cors import CORS
from uuid_utils.compat import uuid7
from werkzeug.middleware.proxy_fix import ProxyFix

from assistant.config import Settings
from assistant.logs import log_context

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# Says of an answer that it is the one of an earlier request with the same idempotency key.
REPLAYED = "Idempotent-Replayed"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# A body that is not a file is text typed or made by a program; more is a mistake or an attack. To
# read a mebibyte of JSON keeps a process busy for a while, so only where much text is expected. A
# conversation may come back with the messages that it was read with.
JSON_LIMIT = 1024 * 1024
SHORT_JSON_LIMIT = 256 * 1024
# Conversations with pictures in them, and hundreds of texts to embed at once.
MODEL_CALL_LIMIT = 16 * 1024 * 1024
MODEL_CALLS = (
    *("openai.create_chat_completion", "openai.create_completion", "openai.create_embeddings"),
)
LONG = ("messages", "conversations", "evaluations", "openai", "documents.paste_document")
FORM_OVERHEAD = 64 * 1024
# A name, an address and the longest password, with each character escaped in JSON. Whoever sends
# it need not be anybody yet.
CREDENTIALS_LIMIT = 16 * 1024
# How long a browser may remember what another origin may do; none does for longer than two hours.
PREFLIGHT_SECONDS = 7200
QUIET = frozenset({"health.live", "health.ready", "health.health"})


def init_app(app: Flask, settings: Settings) -> None:
    """Register what runs before and after each request."""
    app.config["MAX_CONTENT_LENGTH"] = max(settings.max_file_size + FORM_OVERHEAD, JSON_LIMIT)
    app.config["MAX_FORM_MEMORY_SIZE"] = JSON_LIMIT
    app.config["MAX_FORM_PARTS"] = 20
    if settings.allowed_origins:
        CORS(
            app,
            origins=settings.allowed_origins,
            # A page has no cookie but that of its refresh token; see `refresh_cookie`.
            supports_credentials="*" not in settings.allowed_origins,
            expose_headers=[
                *("Location", "Link", "Retry-After", "ETag", "Preference-Applied"),
                *("Content-Disposition", "WWW-Authenticate", "RateLimit-Policy", "RateLimit"),
                *(REPLAYED, HEADER),
            ],
            max_age=PREFLIGHT_SECONDS,
        )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # as Flask documents it
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def vouch() -> None:
    """Tell the web server that the sender of this request is known; it closes others first."""
    connection = request.environ.get("gunicorn.socket")
    vouch_for = getattr(connection, "vouch", None)
    if vouch_for is not None:
        vouch_for()


def client_address() -> str | None:
    """Return the client's address; None where it may be a proxy's, since nobody has said."""
    known = current_app.extensions["settings"].proxy_hops is not None
    return sender_address() if known else None


def sender_address() -> str | None:
    """Return whence the request comes, the client's address or a proxy's.

    It is without the port, the brackets and the zone that some proxies write.
    """
    address = request.remote_addr
    if not address:
        return None
    if address.startswith("["):
        address = address.removeprefix("[").partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    return address.partition("%")[0]


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if ACCEPTABLE_ID.fullmatch(given) else str(uuid7())
    g.began_at = time.perf_counter()
    g.log_context = log_context(request_id=g.request_id)
    g.log_context.__enter__()
    if request.blueprint == "auth":
        request.max_content_length = CREDENTIALS_LIMIT
    elif request.endpoint in MODEL_CALLS:
        request.max_content_length = MODEL_CALL_LIMIT
    elif request.mimetype != "multipart/form-data":
        long = request.blueprint in LONG or request.endpoint in LONG
        request.max_content_length = JSON_LIMIT if long else SHORT_JSON_LIMIT


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    _lead_to_where_clients_are(response)
    failed = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    level = logging.WARNING if failed else logging.INFO
    if request.endpoint in QUIET:
        # Asked every few seconds, and whoever asks is told.
        level = logging.DEBUG
    if logger.isEnabledFor(level):
        # The path only: a query may hold what nobody else should read.
        elapsed = (time.perf_counter() - g.get("began_at", time.perf_counter())) * 1000
        logger.log(
            level,
            "%s %s %s",
            request.method,
            request.path,
            response.status_code,
            extra={"ms": round(elapsed, 1)},
        )
    return response


def _lead_to_where_clients_are(response: Response) -> None:
    """Let addresses in headers begin with `PUBLIC_URL`, and else with the path.

    What a request calls its host proves nothing, and may be what only a proxy knows.
    """
    public = current_app.extensions["settings"].public_url or ""
    if "Location" in response.headers:
        # Werkzeug redirects with the host of the request.
        there = urlsplit(response.headers["Location"])
        path = f"/{there.path.lstrip('/')}"
        response.headers["Location"] = public + urlunsplit(("", "", path, there.query, ""))
    if public and response.headers.get("Link", "").startswith("</"):
        response.headers["Link"] = f"<{public}{response.headers['Link'][1:]}"


def _leave(_: BaseException | None) -> None:
    if "log_context" in g:
        g.log_context.__exit__(None, None, None)
