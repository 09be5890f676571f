"""The example clients of the documentation, as somebody would run them."""

import functools
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests import test_browser
from tests.doubles.proxy import Proxy
from tests.live import PASSWORD, Live
from tests.services.factories import wait_for
from tests.webs import PROJECT, Web

pytestmark = pytest.mark.slow

LONGEST = 60


@pytest.fixture
def username(live: Live) -> str:
    """Return the name of who is signed in."""
    return str(live.get("/auth/me")["username"])


@pytest.fixture
def proxy(live: Live) -> Iterator[Proxy]:
    """Stand between the client and the server."""
    with Proxy(live.stack.settings.port) as between:
        yield between


def latest_job(live: Live) -> dict[str, object]:
    found = live.get("/jobs", kind="messages.reply")
    return dict(found[0]) if found else {}


def start_follow(port: int, username: str, question: str) -> subprocess.Popen[str]:
    """Run the Python client."""
    address = f"http://127.0.0.1:{port}/api/v1"
    return subprocess.Popen(
        [sys.executable, "-u", PROJECT / "docs/follow.py", username, question],
        env={**os.environ, "ASSISTANT_API": address, "ASSISTANT_PASSWORD": PASSWORD},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_clients_are_short() -> None:
    for name in ("follow.py", "follow.html"):
        assert len((PROJECT / "docs" / name).read_text().splitlines()) < LONGEST


def test_the_python_client_streams_through_cuts(live: Live, proxy: Proxy, username: str) -> None:
    live.model.script(tokens=100, interval=40)
    client = start_follow(proxy.port, username, "Tell me a story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 10, seconds=20)
    for _ in range(3):
        proxy.reset()
        time.sleep(1)
    written, errors = client.communicate(timeout=30)
    assert (client.returncode, errors) == (0, "")
    text = "".join(f"word{number} " for number in range(100))
    assert written == f"{text}\n[succeeded]\n"


def test_the_python_client_cancels_with_ctrl_c(live: Live, proxy: Proxy, username: str) -> None:
    live.model.script("endless", interval=20)
    client = start_follow(proxy.port, username, "Tell me a long story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 10, seconds=20)
    client.send_signal(signal.SIGINT)
    written, errors = client.communicate(timeout=20)
    assert (client.returncode, errors) == (0, "")
    assert written.startswith("word0 word1 ")
    assert written.endswith("\n[cancelled]\n")
    assert latest_job(live)["state"] == "cancelled"


def test_the_python_client_cancels_though_the_server_is_away(
    live: Live, proxy: Proxy, username: str
) -> None:
    live.model.script("endless", interval=20)
    client = start_follow(proxy.port, username, "Tell me a long story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 10, seconds=20)
    proxy.set("refuse")
    client.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        client.wait(1.5)
    client.send_signal(signal.SIGINT)
    proxy.set("pass")
    _, errors = client.communicate(timeout=20)
    assert (client.returncode, errors) == (0, "")
    assert latest_job(live)["state"] == "cancelled"


def test_the_python_client_says_what_the_api_says(live: Live, username: str) -> None:
    client = start_follow(live.stack.settings.port, username, "")
    _, errors = client.communicate(timeout=20)
    assert client.returncode == 1
    assert '"code": "invalid_input"' in errors
    assert "Traceback" not in errors


@pytest.fixture
def address() -> Iterator[str]:
    """Serve the folder of the documentation, as the page says."""
    served = functools.partial(http.server.SimpleHTTPRequestHandler, directory=PROJECT / "docs")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Start a browser that nobody used before."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(test_browser.BROWSER)
    for option in (*test_browser.OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=Service(test_browser.DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


def text_in(driver: webdriver.Chrome, name: str) -> str:
    """Return what a part of the page holds."""
    return driver.find_element(By.ID, name).get_property("textContent") or ""  # type: ignore[return-value]


def ask(driver: webdriver.Chrome, page: str, api: str, username: str, question: str) -> None:
    """Fill the form of the page."""
    driver.get(page)
    fields = {"api": api, "username": username, "password": PASSWORD, "question": question}
    for name, value in fields.items():
        field = driver.find_element(By.ID, name)
        field.clear()
        field.send_keys(value)
    driver.find_element(By.ID, "ask").click()


@pytest.mark.browser
@pytest.mark.skipif(
    not (test_browser.BROWSER and test_browser.DRIVER),
    reason="chromium and chromium-driver are not installed",
)
def test_the_page_streams_through_cuts_and_cancels(
    live: Live,
    start_web: Callable[..., Web],
    address: str,
    driver: webdriver.Chrome,
    username: str,
) -> None:
    web = start_web(ALLOWED_ORIGINS=address)
    page = f"{address}/follow.html"
    live.model.script(tokens=100, interval=40)
    with Proxy(web.port) as proxy:
        api = f"http://127.0.0.1:{proxy.port}/api/v1"
        ask(driver, page, api, username, "Tell me a story.")
        lengths: set[int] = set()
        wait_for(lambda: lengths.add(len(text_in(driver, "text"))) or len(lengths) > 5, 20)
        for _ in range(2):
            proxy.reset()
            time.sleep(1.2)
        wait_for(lambda: text_in(driver, "state") == "Ended: succeeded", 20)
        whole = "".join(f"word{number} " for number in range(100))
        assert text_in(driver, "text") == whole

        live.model.script("endless", interval=20)
        ask(driver, page, api, username, "Tell me a long story.")
        wait_for(lambda: text_in(driver, "text").startswith("word0 word1 "), 20)
        driver.find_element(By.ID, "cancel").click()
        wait_for(lambda: text_in(driver, "state") == "Ended: cancelled", 20)
        job = latest_job(live)
        stored = live.get(f"/messages/{job['message_id']}")
        assert text_in(driver, "text") == stored["content"]

    ask(driver, page, f"{web.url}/api/v1", f"nobody{uuid.uuid4().hex[:6]}", "Hello.")
    wait_for(lambda: "wrong" in text_in(driver, "state"), 20)
    assert httpx.get(page).status_code == 200


@pytest.mark.browser
@pytest.mark.skipif(
    not (test_browser.BROWSER and test_browser.DRIVER),
    reason="chromium and chromium-driver are not installed",
)
def test_the_page_shows_one_reply_at_a_time(
    live: Live,
    start_web: Callable[..., Web],
    address: str,
    driver: webdriver.Chrome,
    username: str,
) -> None:
    web = start_web(ALLOWED_ORIGINS=address)
    driver.get(f"{address}/follow.html")
    driver.execute_script("window.onerror = (words) => { document.title = words }")
    driver.find_element(By.ID, "cancel").click()
    assert driver.title == "Follow a reply"

    live.model.script("endless", interval=20)
    page = f"{address}/follow.html"
    ask(driver, page, f"{web.url}/api/v1", username, "Tell me a long story.")
    wait_for(lambda: text_in(driver, "text").startswith("word0 word1 "), 20)
    endless = latest_job(live)
    live.model.script(text="Short and other.")
    driver.find_element(By.ID, "ask").click()
    wait_for(lambda: text_in(driver, "state") == "Ended: succeeded", 20)
    assert text_in(driver, "text") == "Short and other."
    live.client.post(f"/jobs/{endless['id']}/cancel").raise_for_status()
    live.ended(endless)
    assert text_in(driver, "text") == "Short and other."
    assert text_in(driver, "state") == "Ended: succeeded"
