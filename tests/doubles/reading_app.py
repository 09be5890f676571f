"""An application for the web server's tests: it needs no other server, and is soon impatient."""

import os
import time

from flask import Flask, request

from assistant.middleware import vouch
from assistant.serving import connection

connection.HEAD_SECONDS = 0.6
connection.BODY_SILENCE_SECONDS = float(os.environ.get("SILENCE", "1"))
connection.UNREAD_SECONDS = 1.0
connection.BODY_BYTES_PER_SECOND = 100

app = Flask(__name__)
_kept: list[bytes] = []


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
    return bytes(64 * 1024 * 1024)


@app.get("/wait")
def wait() -> dict[str, int]:
    """Answer after a while."""
    time.sleep(float(request.args["seconds"]))
    return {"pid": os.getpid()}
