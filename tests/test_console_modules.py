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
const granted = (expires_in, more) => {
    return { body: { access_token: `a.${claims}.c`, expires_in, ...more } }
}
"""
SIGN_IN = """
const { session } = await load('session.js')
answers.push(granted(LASTS, GIVEN), { body: { id: 'ada' } })
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
    done = subprocess.run(["node", program], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("lasts", [900, 0])
def test_whoever_has_the_cookie_signs_out_with_it_alone(tmp_path: Path, lasts: int) -> None:
    script = SIGN_IN.replace("LASTS", str(lasts)).replace("GIVEN", "{}")
    (left,) = run(script + "await session.signOut(); tell(sent)", tmp_path)
    assert left == {"place": "/api/v1/auth/logout", "method": "POST", "bearer": None}


def test_whoever_has_none_signs_out_with_a_token_that_is_good(tmp_path: Path) -> None:
    script = SIGN_IN.replace("LASTS", "0").replace("GIVEN", "{ refresh_token: 'r' }")
    renew = "answers.push(granted(900, { refresh_token: 's' }))\n"
    renewed, left = run(script + renew + "await session.signOut(); tell(sent)", tmp_path)
    assert renewed["place"] == "/api/v1/auth/refresh"
    assert left["place"] == "/api/v1/auth/logout"
    assert left["bearer"].startswith("Bearer a.")


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("x", "paragraph"),
        ("> " * 20 + "x", "blockquote"),
        (">" * 2000, "plain"),
        (">" * 900 + "x", "plain"),
        ("- " * 3000 + "x", "plain"),
        ("- " * 400 + "x", "plain"),
        ("*" * 6000 + "x" + "*" * 6000, "plain"),
        ("Before.\n\n" + "> " * 5000 + "x", "plain"),
        ("|a|\n|-|\n" + "|b|\n" * 3000, "table"),
    ],
)
def test_no_depth_of_a_text_breaks_the_page(tmp_path: Path, text: str, last: str) -> None:
    (tmp_path / "text").write_text(text)
    script = """
    import { readFileSync } from 'node:fs'
    const { blocks, contextOf, tokensOf } = await load('chat/markdown.js')
    const { Growing } = await load('chat/growing.js')
    const text = readFileSync('text', 'utf8')
    const tokens = tokensOf(text)
    const drawn = blocks(tokens, contextOf(() => null))
    const growing = new Growing(contextOf(() => null))
    for (const share of [0.25, 0.5, 1]) growing.draw(text.slice(0, text.length * share))
    const { type, raw } = tokens.at(-1)
    tell({ type, raw, drawn: drawn.length, same: type === 'plain' ? raw === text : true })
    """
    found = run(script, tmp_path)
    assert (found["type"], found["same"]) == (last, True)
    assert found["drawn"] == 1


@pytest.mark.parametrize("public", ["", "https://a.example", "http://other.example:81", "/x"])
def test_addresses_in_answers_lead_to_the_server_of_the_page(tmp_path: Path, public: str) -> None:
    public = f"https://a.example{public}" if public == "/x" else public
    script = """
    const { page, request } = await load('api.js')
    const link = `<${PUBLIC}/api/v1/jobs?cursor=a%2Bb&limit=2>; rel="next"`
    answers.push({ body: [1], headers: { Link: link } }, { body: [2] }, { body: null })
    const first = await page('/jobs', { limit: 2, state: '' })
    const second = await page(first.next)
    await request('GET', `${PUBLIC}/api/v1/documents/1/pages/2/image?generation=3&dpi=144`)
    tell({ items: [first.items, second.items], next: second.next, sent: sent.map((o) => o.place) })
    """
    signed_in = SIGN_IN.replace("LASTS", "900").replace("GIVEN", "{}")
    found = run(f"const PUBLIC = {json.dumps(public)}\n{signed_in}{script}", tmp_path)
    assert found["items"] == [[1], [2]]
    assert found["next"] is None
    assert found["sent"] == [
        "https://a.example/api/v1/jobs?limit=2",
        "https://a.example/api/v1/jobs?cursor=a%2Bb&limit=2",
        "https://a.example/api/v1/documents/1/pages/2/image?generation=3&dpi=144",
    ]
