"""The documentation page in a real browser: sign in, upload, ask and read the job."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from assistant.local.stack import LocalStack

PROJECT = Path(__file__).parents[1]
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PASSWORD = "correct horse battery"
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Whatever has another name than this machine is not even looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1280,1400",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="chromium and chromium-driver are not installed"
    ),
]


class Page:
    """Swagger's page, as somebody with a mouse and a keyboard uses it."""

    def __init__(self, driver: webdriver.Chrome, pictures: Path) -> None:
        self.driver = driver
        self.wait = WebDriverWait(driver, 60)
        self.pictures = pictures

    def find(self, selector: str, within: WebElement | None = None) -> WebElement:
        """Return the first visible element that fits, as soon as there is one."""

        def visible(_: object) -> WebElement | None:
            found = (within or self.driver).find_elements(By.CSS_SELECTOR, selector)
            return next((item for item in found if item.is_displayed()), None)

        return self.wait.until(visible, f"nothing visible fits {selector}")

    def click(self, selector: str, within: WebElement | None = None) -> None:
        """Click something, in the middle of the window."""
        item = self.find(selector, within)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", item)
        item.click()

    def fill(self, selector: str, text: str, within: WebElement | None = None) -> None:
        """Paste over what a field holds: with each key the page is drawn anew."""
        self.find(selector, within).send_keys(Keys.CONTROL, "a", Keys.NULL)
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def authorise(self, username: str) -> None:
        """Sign in with the form behind `Authorize`."""
        self.click("button.authorize")
        form = self.find(".auth-container")
        self.fill("#oauth_username", username, form)
        self.fill("#oauth_password", PASSWORD, form)
        self.click("button.authorize", form)
        assert "Authorized" in self.find(".auth-container h6").text
        self.picture("authorised")
        self.click(".close-modal")
        self.find("button.authorize.locked")

    def open(self, operation: str) -> WebElement:
        """Unfold an operation, ready to be tried out."""
        block = self.find(f"#operations-{operation}")
        self.click(".opblock-summary-control", block)
        self.click(".try-out__btn", block)
        return block

    def execute(self, block: WebElement) -> tuple[int, Any]:
        """Send the request, and return the status and the body that the page shows."""
        if block.find_elements(By.CSS_SELECTOR, ".btn-clear"):
            self.click(".btn-clear", block)
            self.wait.until(
                lambda _: not block.find_elements(By.CSS_SELECTOR, ".live-responses-table")
            )
        self.click("button.execute", block)
        status = self.find(".live-responses-table .response .response-col_status", block)
        shown = self.find(".live-responses-table .response .highlight-code code", block)
        return int(status.text.split()[0]), json.loads(shown.text)

    def ended(self, job_id: str, name: str) -> Any:
        """Read a job on the page until it has ended."""
        block = self.find("#operations-jobs-get_job")
        if "is-open" not in (block.get_attribute("class") or ""):
            self.open("jobs-get_job")
        self.fill("input[placeholder=job_id]", job_id, block)

        def body(_: object) -> Any:
            status, job = self.execute(block)
            assert (status, job["id"]) == (200, job_id)
            return job if job["finished_at"] else None

        job = self.wait.until(body, f"job {job_id} does not end")
        self.picture(name, self.find(".live-responses-table", block))
        assert job["state"] == "succeeded", job
        return job

    def picture(self, name: str, item: WebElement | None = None) -> None:
        """Keep what is to be seen now."""
        if item:
            self.driver.execute_script("arguments[0].scrollIntoView()", item)
        assert self.driver.save_screenshot(str(self.pictures / f"{name}.png"))

    def hosts(self) -> set[str | None]:
        """Return the host of every request that left the browser."""
        entries: Any = self.driver.get_log("performance")
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        urls = [
            urlsplit(message["params"]["request"]["url"])
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        inside = ("data", "blob", "chrome", "chrome-untrusted")
        return {url.hostname for url in urls if url.scheme not in inside}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """Start a browser that nobody used before."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for option in (*OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield Page(driver, tmp_path)
    finally:
        driver.quit()


@pytest.fixture
def username(live_stack: LocalStack) -> str:
    """Register somebody."""
    name = f"user{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    answer = httpx.post(f"{live_stack.api_url}/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return name


def test_the_page_signs_in_uploads_asks_and_shows_the_evidence(
    live_stack: LocalStack, page: Page, username: str
) -> None:
    page.driver.get(f"{live_stack.api_url}/docs")
    page.authorise(username)

    block = page.open("documents-create_document")
    page.find("input[type=file]", block).send_keys(str(PROJECT / "assistant/local/handbook.pdf"))
    status, job = page.execute(block)
    assert (status, job["kind"]) == (202, "documents.index")
    indexed = page.ended(job["id"], "indexed")
    assert indexed["result"]["document_id"] == job["document_id"]
    assert indexed["result"]["chunks"] > 0

    question = {"content": "How old must children be to climb the tower?", "use_documents": True}
    block = page.open("messages-create_message")
    page.fill("textarea", json.dumps(question), block)
    status, job = page.execute(block)
    assert (status, job["kind"]) == (202, "messages.reply")
    answered = page.ended(job["id"], "answered")
    reply = answered["result"]["assistant_message"]
    assert "[1]" in reply["content"]
    assert reply["citations"][0]["document_id"] == indexed["document_id"]
    assert reply["citations"][0]["filename"] == "handbook.pdf"

    assert page.hosts() == {"127.0.0.1"}
