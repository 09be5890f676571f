"""The console in a real browser: everything that somebody does there, and all that must not run."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from assistant.local.stack import LocalStack
from tests.console_pages import PASSWORD, Console, browser, is_there
from tests.hostile import MESSAGES, NAMES
from tests.live import Live
from tests.vendored import PROJECT

AXE = PROJECT / "var/vendor/axe.min.js"
HANDBOOK = PROJECT / "assistant/local/handbook.pdf"
QUESTION = "How old must children be to climb the tower?"
SAID = "The lamp was lit by 4711 purple elephants."
# Of WCAG 2.2 AA, and what its makers hold to be good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not is_there(), reason="chromium and chromium-driver are not installed"),
]


@pytest.fixture(scope="module")
def tab(live_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Open one browser for all tests."""
    with browser(tmp_path_factory.mktemp("browser")) as driver:
        yield Console(driver, live_stack.api_url)


@pytest.fixture
def console(tab: Console, live: Live) -> Iterator[Console]:
    """Return the browser as somebody new finds it, signed in; nothing may be refused in it."""
    tab.open()
    tab.run("sessionStorage.clear(); localStorage.clear()")
    tab.driver.delete_all_cookies()
    tab.open("?new")
    tab.sign_in(live.get("/auth/me")["username"])
    yield tab
    assert tab.complaints() == []
    assert tab.hosts() <= {"127.0.0.1"}


@pytest.fixture
def indexed(live: Live) -> dict[str, Any]:
    """Upload the handbook, and return its document once it is searchable."""
    job = live.ended(live.upload("handbook.pdf", HANDBOOK.read_bytes()))
    return dict(live.get(f"/documents/{job['document_id']}"))


def test_from_a_file_to_the_marked_words(console: Console, live: Live) -> None:
    console.click(".pages a", "Documents")
    console.find(".drop")
    console.all("input[name=files]")[0].send_keys(str(HANDBOOK))
    console.find(".state.ready", "searchable")
    (document,) = live.get("/documents")
    console.click(".pages a", "Chat")
    live.model.script(text=f"Children must be at least ten years old [1]. {SAID}")
    console.ask(QUESTION)
    console.answered()
    (message,) = [one for one in messages(live) if one["role"] == "assistant"]
    flagged = [one for one in message["support"] if one["supported"] is False]
    assert [message["content"][one["start"] : one["end"]].strip() for one in flagged] == [SAID]
    assert "".join(part.text for part in console.all(".unproved")) == SAID
    assert len(console.all(".flag")) == 1

    console.click(".said .cite")
    citation = message["citations"][0]
    assert citation["document_id"] == document["id"]
    console.find(".paper img")
    query = {name: citation[name] for name in ("start", "end", "generation")}
    page = live.get(f"/documents/{document['id']}/pages/{citation['page']}", **query)
    assert page["boxes"]
    compare_boxes(console, page)
    console.click(".evidence button", "As text")
    assert console.find(".evidence mark").text.split() == citation["quote"].split()
    console.find(".evidence").send_keys(Keys.ESCAPE)
    console.gone(".evidence")


def messages(live: Live) -> list[dict[str, Any]]:
    """Return what stands in the only conversation."""
    (conversation,) = live.get("/conversations")
    return list(live.get("/messages", conversation_id=conversation["id"]))


def compare_boxes(console: Console, page: dict[str, Any]) -> None:
    """See that each box lies where the API says, in proportion to the picture."""
    places = console.run(
        """
        const whole = document.querySelector('.paper img').getBoundingClientRect()
        return [...document.querySelectorAll('.paper rect')].map((rect) => {
            const box = rect.getBoundingClientRect()
            return [rect.dataset.start, rect.dataset.end,
                (box.left - whole.left) / whole.width, (box.top - whole.top) / whole.height,
                (box.right - whole.left) / whole.width, (box.bottom - whole.top) / whole.height]
        })
        """
    )
    assert len(places) == len(page["boxes"])
    for place, box in zip(places, page["boxes"], strict=True):
        assert [int(place[0]), int(place[1])] == [box["start"], box["end"]]
        wide, high = page["width"], page["height"]
        expected = box["left"] / wide, box["top"] / high, box["right"] / wide, box["bottom"] / high
        # They are drawn one and a half points larger than the words, with a thin line around.
        assert place[2:] == pytest.approx(expected, abs=4 / min(wide, high))


def test_a_reload_in_the_middle_and_a_second_tab_lose_nothing(console: Console, live: Live) -> None:
    live.model.script("endless", interval=20)
    console.ask("Tell me a story.")
    console.until(lambda: "word9 " in "".join(console.replies()), "some words")
    place = console.until(lambda: console.run("return location.hash.split('/')[2]"), "its address")
    console.driver.refresh()
    console.until(lambda: "".join(console.replies()).startswith("word0 word1 "), "the text again")
    first = console.driver.current_window_handle
    console.driver.switch_to.new_window("tab")
    # What this tab has is its own, so it signs in; the conversation is the same.
    console.open(f"#/chat/{place}")
    if (
        console.until(lambda: console.all(".signin, .composer"), "a page")[0].get_attribute("class")
        == "signin"
    ):
        console.sign_in(live.get("/auth/me")["username"])
        console.open(f"#/chat/{place}")
    console.until(lambda: "word50 " in "".join(console.replies()), "more words")
    console.click(".stop")
    console.answered()
    stored = next(one for one in messages(live) if one["role"] == "assistant")
    assert stored["status"] == "cancelled"
    for handle in (console.driver.current_window_handle, first):
        console.driver.switch_to.window(handle)
        console.answered()
        assert console.replies() == [stored["content"].strip()]
        console.find(".reply .note", "Stopped")
        if handle != first:
            console.driver.close()
    console.driver.switch_to.window(first)


def test_other_words_again_and_branches(console: Console, live: Live) -> None:
    live.model.script(text="The first.")
    console.ask("What is a lighthouse?")
    console.answered()
    live.model.script(text="The second.")
    console.click(".reply .tools button", "Again")
    console.until(lambda: console.replies() == ["The second."], "another reply")
    console.answered()
    live.model.script(text="The third.")
    console.click(".question .tools button", "Edit")
    console.type(".question textarea", "What is a lightship?")
    console.click(".question .main")
    console.until(lambda: console.replies() == ["The third."], "a reply to other words")
    console.answered()
    console.click(".talk header button", "Branches")
    assert len(console.until(lambda: console.all("dialog li"), "branches")) == 3
    console.click("dialog .source", "The first.")
    console.until(lambda: console.replies() == ["The first."], "the first branch")
    assert console.find(".asked").text == "What is a lighthouse?"
    console.click(".conversations .menu button")
    console.click("[role=menuitem]", "Rename")
    console.type("dialog input", "Of lights")
    console.click("dialog .main")
    console.find(".conversations a", "Of lights")
    console.click(".conversations .menu button")
    console.click("[role=menuitem]", "Delete")
    console.click("dialog .danger")
    console.find(".conversations .note")
    assert live.get("/conversations") == []


def test_what_fails_says_why_and_is_tried_again(console: Console, live: Live) -> None:
    live.model.script("401")
    console.ask("Hello?")
    trouble = console.find(".reply .trouble p")
    failed = live.get("/jobs", state="failed")[0]
    assert trouble.text == failed["error"]["detail"]
    live.model.script(text="Here I am.")
    console.click(".reply .trouble button")
    console.until(lambda: console.replies()[-1:] == ["Here I am."], "a reply")
    console.answered()
    console.click(".pages a", "Jobs")
    console.click(".item .name", "Answer")
    console.find(".details .times")
    console.find(".details .attempts td")


def test_nothing_that_a_model_or_a_file_says_runs_or_is_fetched(
    console: Console, live: Live
) -> None:
    for name in NAMES:
        live.upload(name, b"The lamp is lit at dusk.")
    console.hosts()
    for count, hostile in enumerate(MESSAGES, start=1):
        live.model.script(text=hostile)
        live.ended(live.ask(hostile, conversation_id=None if count == 1 else talk(live)))
    console.open(f"#/chat/{talk(live)}")
    console.driver.refresh()
    console.find(".said")
    console.click(".column > button", "Earlier")
    console.until(lambda: len(console.replies()) == len(MESSAGES[-50:]), "all replies")
    shown = console.run(
        """
        const said = document.querySelector('.column')
        return {
            ran: window.ran ?? null,
            elements: [...new Set([...said.querySelectorAll('.said *, .asked *')].map(
                (one) => one.localName))],
            handlers: [...said.querySelectorAll('*')].flatMap((one) =>
                one.getAttributeNames().filter((name) => /^(on|style|src)/.test(name))),
            links: [...said.querySelectorAll('a')].map((one) => one.protocol),
        }
        """
    )
    assert shown["ran"] is None
    assert set(shown["elements"]) <= CLOSED
    assert shown["handlers"] == []
    assert set(shown["links"]) <= {"http:", "https:", "mailto:"}
    asked = console.run(
        "return [...document.querySelectorAll('.asked')].map((one) => one.textContent)"
    )
    assert asked == MESSAGES[-50:]
    console.click(".pages a", "Documents")
    console.until(lambda: len(console.all(".item")) == len(NAMES), "all documents")
    assert console.run("return window.ran ?? null") is None
    assert console.hosts() == {"127.0.0.1"}
    assert console.complaints() == []


CLOSED = {
    *("a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4", "h5", "hr", "li"),
    *("ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}


def talk(live: Live) -> str:
    """Return the id of the only conversation."""
    return str(live.get("/conversations")[0]["id"])


def test_the_keyboard_alone_is_enough(
    tab: Console, console: Console, live: Live, indexed: dict[str, Any]
) -> None:
    console.driver.refresh()
    console.find(".composer")
    live.model.script(text="Children must be at least ten years old [1].")
    active = console.driver.switch_to.active_element
    assert active.tag_name == "textarea"
    active.send_keys(QUESTION, Keys.ENTER)
    console.answered()
    # Back from the question to the marker in the reply.
    for _ in range(12):
        console.driver.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
        if "cite" in (console.driver.switch_to.active_element.get_attribute("class") or ""):
            break
    cite = console.driver.switch_to.active_element
    cite.send_keys(Keys.ENTER)
    console.find(".paper rect")
    assert console.driver.switch_to.active_element.tag_name == "h2"
    console.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    console.gone(".evidence")
    assert console.driver.switch_to.active_element == cite
    assert console.find("#said").get_attribute("aria-live") == "polite"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there; `make vendor` fetches it")
def test_every_page_is_for_everybody(
    tab: Console, console: Console, live: Live, indexed: dict[str, Any]
) -> None:
    text = (
        f"# Rules\n\n- Children must be ten [1].\n\n{SAID}\n\n|a|b|\n|-|-|\n|1|2|\n\n```py\nx\n```"
    )
    live.model.script(text=text)
    asked = live.ask(QUESTION, use_documents=True)
    live.ended(asked)
    failed = live.ended(live.upload("broken.pdf", b"%PDF-1.7 broken"))
    assert failed["state"] == "failed"
    axe = AXE.read_text()
    for language in ("en", "zh"):
        for theme in ("light", "dark"):
            console.run(
                "localStorage['assistant.language'] = arguments[0];"
                "localStorage['assistant.theme'] = arguments[1]",
                *(language, theme),
            )
            for place, sign in (
                (f"#/chat/{asked['conversation_id']}", ".said .cite"),
                ("#/documents", ".item"),
                ("#/jobs", ".item"),
            ):
                console.open(place)
                console.driver.refresh()
                console.find(sign).click()
                if sign == ".item":
                    console.find(".item .name").click()
                console.find(".paper rect" if "chat" in place else ".paper, .details")
                assert violations(console, axe) == [], (place, language, theme)
    console.click(".account button")
    console.find(".signin")
    assert violations(console, axe) == []


def violations(console: Console, axe: str) -> list[Any]:
    """Return what axe finds wrong with the page."""
    found = console.driver.execute_async_script(
        axe + ";axe.run({runOnly: arguments[0]}).then(arguments[1])", RULES
    )
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]
    ]


def test_registration_and_a_wrong_password(tab: Console, live_stack: LocalStack) -> None:
    tab.open()
    tab.run("sessionStorage.clear(); localStorage.clear()")
    tab.driver.delete_all_cookies()
    tab.open("?other")
    tab.type("input[name=username]", "nobody")
    tab.type("input[name=password]", "wrong")
    tab.click(".signin .main")
    tab.find(".signin .trouble")
    tab.click(".signin .link")
    name = f"user{uuid.uuid4().hex[:12]}"
    tab.type("input[name=username]", name)
    tab.type("input[name=email]", f"{name}@example.org")
    tab.type("input[name=password]", PASSWORD)
    tab.click(".signin .main")
    tab.find(".composer")
    tab.find(".account bdi", name)
    answer = httpx.post(
        f"{live_stack.api_url}/api/v1/auth/token", data={"username": name, "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert tab.driver.find_element(By.TAG_NAME, "h1").text
    assert json.loads(tab.run("return JSON.stringify(window.broken)")) == []
