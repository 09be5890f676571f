"""Ask, and follow the reply: ASSISTANT_PASSWORD=… python3 docs/follow.py grace "Say hello."

Ctrl-C cancels the reply. A connection that is lost is taken up where it broke off.
"""

import json
import os
import sys
import time
from http.client import HTTPException
from urllib import parse, request

API = os.environ.get("ASSISTANT_API", "http://127.0.0.1:8000/api/v1")
shown, pause, cancels, headers = "", 0, False, {}


def call(path, body=None, encode=json.dumps):
    data = None if body is None else encode(body).encode()
    try:
        return request.urlopen(request.Request(API + path, data, headers), timeout=40)
    except request.HTTPError as error:
        sys.exit(error.read().decode()) if error.code < 500 else time.sleep(1)
        raise


def show(text):
    global shown
    # What is sent again mostly goes on from what is shown; else the reply has started over.
    print(text.removeprefix(shown) if text.startswith(shown) else "\n" + text, end="", flush=True)
    shown = text


def follow(job, event):
    for line in call(f"/jobs/{job}/events"):
        name, _, value = line.decode().rstrip("\n").partition(": ")
        event[name] = value
        if name == "" and "data" in event:
            data, headers["Last-Event-ID"] = json.loads(event["data"]), event["id"]
            if event["event"] == "done":
                return data
            if event["event"] in ("delta", "snapshot"):
                show((shown if event["event"] == "delta" else "") + data["text"])


_, name, question = sys.argv if len(sys.argv) == 3 else sys.exit(__doc__)
who = {"username": name, "password": os.environ.get("ASSISTANT_PASSWORD") or sys.exit(__doc__)}
token = json.load(call("/auth/token", who, parse.urlencode))["access_token"]
headers |= {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
job, done = json.load(call("/messages", {"content": question}))["id"], None
while not done:
    try:
        time.sleep(pause)
        cancels = cancels and not call(f"/jobs/{job}/cancel", {})
        done = follow(job, {})
    except KeyboardInterrupt:
        pause, cancels = 0, True
    except (HTTPException, OSError):
        pause = 0.5
print(f"\n[{done['state']}]")
