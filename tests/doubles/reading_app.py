"""An application for the web server's tests: it needs no other server, and is soon impatient."""

import os
import time

from flask import Flask, request

from assistant.middleware import vouch
from assistant.serving import connection

connection.HEAD_SECONDS = 0.6
connection.BODY_SILENCE_SECONDS = float(os.environ.get("SILENCE", "1"))
connection.UNREAD_SECONDS = float(os.environ.get("UNREAD", "1"))
connection.BODY_BYTES_PER_SECOND = 100

app = Flask(__name__)
_kept: list[bytes] = []
_large = bytes(64 * 1024 * 1024)


@app.route("/read", methods=["GET", "POST"])
def read() -> dict[str, int]:
    """Read the body."""
    return {"bytes": len(request.get_data()), "pid": os.getpid()}


@app.post("/known")
def known() -> dict[str, int]:
    """Read the body of somebody who is known."""
    vouch()
    return read()


@app.route("/unread", methods=["GET", "POST"])
def unread() -> dict[str, int]:
    """Answer without a look at the body."""
    return {"pid": os.getpid()}


@app.post("/grow")
def grow() -> dict[str, int]:
    """Keep more memory than is allowed."""
    _kept.append(os.urandom(1024) * 150 * 1024)
    return {"pid": os.getpid()}


@app.get("/large")
def large() -> bytes:
    """Answer with more than a connection holds."""
    return _large


@app.get("/wait")
def wait() -> dict[str, int]:
    """Answer after a while."""
    time.sleep(float(request.args["seconds"]))
    return {"pid": os.getpid()}


@app.get("/follow")
def follow() -> dict[str, int]:
    """Answer somebody who is known after a while."""
    vouch()
    return wait()


@app.get("/talk")
def talk() -> bytes:
    """Answer somebody who is known with what they say, whenever that is, as a WebSocket may."""
    vouch()
    return bytes(request.environ["gunicorn.socket"].recv(100))


# Not the Flask application itself, of which the server demands our tables.
application = app.wsgi_app
