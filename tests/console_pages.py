"""The console in a real browser, as somebody with a mouse and a keyboard uses it."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.test_browser import BROWSER, DRIVER, OPTIONS

PASSWORD = "correct horse battery"
LONGEST = 30
# Kept from the first moment of each page: what the policy refused, and what ran that should not.
WATCH = """
window.refused = []
window.broken = []
addEventListener('securitypolicyviolation', (event) =>
    window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
addEventListener('error', (event) => window.broken.push(String(event.message)))
addEventListener('unhandledrejection', (event) => window.broken.push(String(event.reason)))
"""


class Console:
    """The page of a stack in one tab."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def until(self, true: Callable[[], Any], what: str, seconds: float = LONGEST) -> Any:
        """Return what is true as soon as it is."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            # The page is drawn anew while it is looked at.
            try:
                found = true()
            except StaleElementReferenceException:
                found = None
            if found:
                return found
            time.sleep(0.02)
        shown = self.driver.find_element(By.TAG_NAME, "body").text
        raise AssertionError(f"waited {seconds} s for {what} in vain; the page shows:\n{shown}")

    def all(self, selector: str) -> list[WebElement]:
        """Return what fits now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector: str, text: str = "") -> WebElement:
        """Return the first visible element that fits and has the text, as soon as there is one."""

        def visible() -> WebElement | None:
            found = self.all(selector)
            return next((one for one in found if one.is_displayed() and text in one.text), None)

        found: WebElement = self.until(visible, f"{selector} with {text!r}")
        return found

    def gone(self, selector: str) -> None:
        """Wait until nothing fits any more."""
        self.until(lambda: not self.all(selector), f"{selector} to go")

    def click(self, selector: str, text: str = "") -> None:
        """Click something, where it is drawn by then."""

        def clicked() -> bool:
            self.find(selector, text).click()
            return True

        self.until(clicked, f"a click on {selector}")

    def type(self, selector: str, text: str) -> None:
        """Put a text in place of what a field holds."""
        self.find(selector).send_keys(Keys.CONTROL, "a", Keys.NULL)
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def open(self, place: str = "") -> None:
        """Go to a place of the console."""
        self.driver.get(f"{self.url}/app{place}")

    def sign_in(self, username: str) -> None:
        """Sign in with the form."""
        self.open()
        self.type("input[name=username]", username)
        self.type("input[name=password]", PASSWORD)
        self.click(".signin .main")
        self.find(".composer")

    def ask(self, question: str) -> None:
        """Ask with the keyboard."""
        self.type(".composer textarea", question)
        self.find(".composer textarea").send_keys(Keys.ENTER)

    def replies(self) -> list[str]:
        """Return the texts of all replies that are shown."""
        return [one.text for one in self.all(".reply .said")]

    def answered(self, number: int = 1) -> WebElement:
        """Return the reply of this number once it has ended."""

        def ended() -> WebElement | None:
            found = self.all(".reply[aria-busy=false]")
            return found[number - 1] if len(found) >= number else None

        reply: WebElement = self.until(ended, f"reply {number} to end")
        return reply

    def run(self, script: str, *values: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *values)

    def picture(self, path: Path) -> None:
        """Keep what is to be seen now."""
        assert self.driver.save_screenshot(str(path))

    def complaints(self) -> list[str]:
        """Return what the policy refused, and what went wrong in scripts."""
        return [*self.run("return window.refused"), *self.run("return window.broken")]

    def hosts(self) -> set[str | None]:
        """Return the host of every request that left the browser since this was asked before."""
        entries: Any = self.driver.get_log("performance")
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        urls = [
            urlsplit(message["params"]["request"]["url"])
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        inside = ("data", "blob", "chrome", "chrome-untrusted", "chrome-extension", "about")
        return {url.hostname for url in urls if url.scheme not in inside}


@contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    """Start a browser that nobody used before."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for option in (*OPTIONS, f"--user-data-dir={folder / 'profile'}", "--lang=en"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        yield driver
    finally:
        driver.quit()


def is_there() -> bool:
    """Return whether a browser is installed."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))
