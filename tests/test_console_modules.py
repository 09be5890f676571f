"""Modules of the console by themselves, in node, with a browser as far as they need one."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.node_tools import needs_npm

CONSOLE = Path(__file__).parents[1] / "assistant/console"
# What `sent` holds is what was fetched; `answers` are given in turn.
BROWSER = """
const sent = [], answers = []
const storage = () => {
    const kept = new Map()
    return {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => kept.set(key, String(value)),
        removeItem: (key) => kept.delete(key),
    }
}
globalThis.sessionStorage = storage()
globalThis.localStorage = storage()
globalThis.BroadcastChannel = class { postMessage() {} }
Object.defineProperty(globalThis, 'navigator', { value: {} })
globalThis.location = {
    href: 'https://a.example/app', origin: 'https://a.example', replace() {}, reload() {},
}
globalThis.fetch = async (place, { method = 'GET', headers = {} } = {}) => {
    sent.push({ place: String(place), method, bearer: headers.Authorization ?? null })
    const { status = 200, body = null, headers: more = {} } = answers.shift() ?? {}
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: more })
}
const claims = btoa(JSON.stringify({ sub: 'ada' }))
const tokens = (expires_in, more) => {
    return { body: { access_token: `a.${claims}.c`, expires_in, ...more } }
}
"""
SIGN_IN = """
const { session } = await load('session.js')
answers.push(tokens(LASTS, GIVEN), { body: { id: 'ada' } })
await session.signIn('ada', 'secret')
sent.length = 0
"""

pytestmark = needs_npm


def run(script: str, folder: Path) -> Any:
    """Run a script that calls `tell` with what it has found, and return that."""
    program = folder / "program.mjs"
    load = f"const load = (name) => import({json.dumps(CONSOLE.as_uri())} + '/' + name)\n"
    tell = "const tell = (found) => process.stdout.write(JSON.stringify(found))\n"
    program.write_text(BROWSER + load + tell + script)
    done = subprocess.run(["node", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("lasts", [900, 0])
def test_whoever_has_the_cookie_signs_out_with_it_alone(tmp_path: Path, lasts: int) -> None:
    script = SIGN_IN.replace("LASTS", str(lasts)).replace("GIVEN", "{}")
    (left,) = run(script + "await session.signOut(); tell(sent)", tmp_path)
    assert left == {"place": "/api/v1/auth/logout", "method": "POST", "bearer": None}


def test_whoever_has_none_signs_out_with_a_token_that_is_good(tmp_path: Path) -> None:
    script = SIGN_IN.replace("LASTS", "0").replace("GIVEN", "{ refresh_token: 'r' }")
    renew = "answers.push(tokens(900, { refresh_token: 's' }))\n"
    renewed, left = run(script + renew + "await session.signOut(); tell(sent)", tmp_path)
    assert renewed["place"] == "/api/v1/auth/refresh"
    assert left["place"] == "/api/v1/auth/logout"
    assert left["bearer"].startswith("Bearer a.")
