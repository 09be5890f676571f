"""Pages come from the internet or from allowed hosts, in time and in bounds, or not at all."""

import gzip
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from assistant.adapters.fetching import Guard, GuardedFetcher, networks
from assistant.adapters.fetching.fetcher import REDIRECTS
from assistant.errors import InvalidInput, PermanentError, TransientError
from tests.adapters.loopback import (
    Answer,
    PageServer,
    for_ever,
    page,
    saying,
    serving,
    silent,
)

FERRY = b"<p>The ferry leaves at noon.</p>"
LIMIT = 100_000
Place = tuple[int, tuple[str, int]]


class Names:
    """What names mean; of several meanings one after the other, the last one stays."""

    def __init__(self, **meanings: Iterable[list[Place]]) -> None:
        self._meanings = {name: list(each) for name, each in meanings.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[Place]:
        self.asked.append(host)
        meanings = self._meanings[host.partition(".")[0]]
        return meanings.pop(0) if len(meanings) > 1 else meanings[0]


def fetch(
    url: str,
    *,
    private: Iterable[str] = ("page.example", "localhost"),
    names: Names | None = None,
    timeout: float = 10,
    limit: int = LIMIT,
) -> bytes:
    """Fetch a page as a job does and return its content."""
    fetcher = GuardedFetcher(Guard(private, names), timeout=timeout, limit=limit)
    with fetcher.start(fetcher.check(url)) as fetching:
        content = fetching.page().content
        blocks = []
        while block := content.read(1 << 16):
            blocks.append(block)
        return b"".join(blocks)


def fetch_from(server: PageServer, path: str = "/", **more: object) -> bytes:
    """Fetch from a server that stands for an allowed host."""
    names = Names(page=[[server.place]])
    return fetch(f"http://page.example{path}", names=names, **more)  # type: ignore[arg-type]


def failure(work: Callable[[], object]) -> PermanentError:
    """Return how something fails."""
    with pytest.raises(PermanentError) as caught:
        work()
    return caught.value


class TestNetworks:
    @pytest.mark.parametrize(
        "address",
        ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"],
    )
    def test_of_the_internet(self, address: str) -> None:
        assert networks.is_public(networks.parse(address))

    @pytest.mark.parametrize(
        "address",
        [
            *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
            *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8"),
            *("192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
            *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
            *("255.255.255.255", "168.63.129.16"),
            *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
            *("::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
            *("64:ff9b:1::a00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::"),
            *("3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1"),
        ],
    )
    def test_of_other_networks(self, address: str) -> None:
        assert not networks.is_public(networks.parse(address))

    def test_an_interface_of_this_machine_is_no_address(self) -> None:
        with pytest.raises(ValueError, match="zone"):
            networks.parse("fe80::1%eth0")


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "asked"),
        [
            ("http://Example.ORG", "http://example.org/"),
            (" https://example.org:443/a b".replace("a b", "ab#part"), "https://example.org/ab"),
            ("https://example.org:80/", "https://example.org:80/"),
            ("http://bücher.example/ä?q=ü", "http://xn--bcher-kva.example/%C3%A4?q=%C3%BC"),
            ("http://example.org./%2F", "http://example.org/%2F"),
            ("http://[2606:4700::1111]/x", "http://[2606:4700::1111]/x"),
        ],
    )
    def test_they_are_asked_for_as_servers_want_it(self, url: str, asked: str) -> None:
        assert str(Guard([]).read(url)) == asked

    @pytest.mark.parametrize(
        "url",
        [
            *("", "example.org", "//example.org/", "http://", "http:///x", "http://./"),
            *("ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "data:,x"),
            *("http://ada:secret@example.org/", "http://ada@example.org/", "http://@example.org/"),
            *("http://example.org:22/", "http://example.org:8080/", "http://example.org:0/"),
            *("http://example.org:99999/", "http://example.org:x/", "http://[::1/", "http://[x]/"),
            *("http://exam ple.org/", "http://example.org/a\r\nX: y", "http://example.org\\@x/"),
            *("http://example.org/\x00", "http://example.org/\ud800", "http://exa%6dple.org/"),
            "http://example.org/" + "x" * 2048,
            *("http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"),
            *("http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::7f00:1]/"),
            *("http://[fe80::1%25eth0]/", "http://10.0.0.1/"),
        ],
    )
    def test_others_are_refused_at_once(self, url: str) -> None:
        with pytest.raises(InvalidInput):
            Guard([]).read(url)

    @pytest.mark.parametrize(
        "host", ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost."]
    )
    def test_whatever_loopback_is_called_it_is_refused(self, host: str) -> None:
        with serving(saying(page())) as server:
            error = failure(lambda: fetch(f"http://{host}/", private=()))
        assert error.code in ("address_not_allowed", "page_host_unknown")
        assert server.asked == []

    @pytest.mark.parametrize(
        "second",
        [
            (socket.AF_INET, ("127.0.0.1", 80)),
            (socket.AF_INET6, ("::ffff:10.0.0.1", 80)),
            (socket.AF_INET6, ("fe80::1%2", 80)),
        ],
    )
    def test_one_bad_address_among_several_is_enough(self, second: Place) -> None:
        names = Names(two=[[(socket.AF_INET, ("93.184.216.34", 80)), second]])
        error = failure(lambda: fetch("http://two.example/", names=names))
        assert error.code == "address_not_allowed"
        assert "FETCH_PRIVATE_HOSTS" in error.detail

    def test_an_allowed_host_is_reached_with_its_port_alone(self) -> None:
        with serving(saying(page())) as server:
            url = f"http://127.0.0.1:{server.port}/x"
            assert fetch(url, private=[f"127.0.0.1:{server.port}"]) == FERRY
            for private in (["127.0.0.1"], [f"127.0.0.2:{server.port}"], ["127.0.0.1:80"]):
                with pytest.raises(InvalidInput):
                    fetch(url, private=private)

    @pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1"])
    def test_what_tells_secrets_is_not_even_an_allowed_hosts(self, address: str) -> None:
        names = Names(page=[[(socket.AF_INET, (address, 80))]])
        error = failure(lambda: fetch("http://page.example/", names=names))
        assert error.code == "address_not_allowed"

    def test_a_name_means_what_it_meant_when_it_was_checked(self) -> None:
        with serving(saying(page())) as server, serving(saying(page(b"secret"))) as other:
            names = Names(page=[[server.place], [other.place]])
            assert fetch("http://page.example/", names=names) == FERRY
        assert names.asked == ["page.example"]
        assert other.asked == []

    def test_a_name_that_changes_its_meaning_is_checked_anew(self) -> None:
        moved = page(b"", "302 Found", "Location: /again")
        with serving(saying(moved), saying(page())) as server:
            names = Names(page=[[server.place], [(socket.AF_INET, ("169.254.169.254", 80))]])
            error = failure(lambda: fetch("http://page.example/", names=names))
        assert (error.code, len(server.asked)) == ("address_not_allowed", 1)

    def test_the_next_place_is_tried_when_one_is_dead(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = (socket.AF_INET, closed.getsockname())
        with serving(saying(page())) as server:
            names = Names(page=[[dead, server.place]])
            assert fetch("http://page.example/", names=names) == FERRY

    def test_a_host_that_does_not_exist_is_said_so(self) -> None:
        error = failure(lambda: fetch("http://page.example/", names=Names(page=[[]])))
        assert error.code == "page_host_unknown"
        assert not isinstance(error, TransientError)

    def test_a_resolver_that_does_not_answer_is_not_waited_for(self) -> None:
        never = threading.Event()

        def resolve(host: str, port: int) -> list[Place]:
            never.wait(20)
            return []

        fetcher = GuardedFetcher(Guard([], resolve), timeout=0.3, limit=LIMIT)
        began = time.monotonic()
        with fetcher.start("http://page.example/") as fetching:
            error = failure(fetching.page)
        never.set()
        assert error.code == "page_timeout"
        assert time.monotonic() - began < 5


class TestRequests:
    def test_one_says_who_is_meant_and_nothing_of_us(self) -> None:
        with serving(saying(page())) as server:
            fetch_from(server, "/a?b=c")
        (head,) = server.asked
        assert head.startswith("GET /a?b=c HTTP/1.1\r\nHost: page.example\r\n")
        for word in ("Cookie", "Authorization", "Referer"):
            assert word not in head

    def test_no_proxy_of_the_environment_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with serving(saying(page())) as server:
            assert fetch_from(server) == FERRY

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """Make a certificate for page.example, with its key in the same file."""
        path = tmp_path / "page.pem"
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        names = ["-subj", "/CN=page.example", "-addext", "subjectAltName=DNS:page.example"]
        files = ["-keyout", str(path), "-out", str(tmp_path / "cert.pem")]
        subprocess.run([*words.split(), *names, *files], check=True, capture_output=True)
        path.write_text(path.read_text() + (tmp_path / "cert.pem").read_text())
        return path

    def test_tls_asks_for_the_name_at_the_checked_place(
        self, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with serving(saying(page()), tls=context) as server:
            names = Names(page=[[server.place]], other=[[server.place]])
            stranger = failure(lambda: fetch("https://page.example/", names=names))
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert fetch("https://page.example/", names=names) == FERRY
            other = failure(
                lambda: fetch("https://other.example/", names=names, private=["other.example"])
            )
        assert (stranger.code, other.code) == ("page_certificate", "page_certificate")
        assert server.named == ["page.example", "page.example", "other.example"]
        assert len(server.asked) == 1


class TestRedirects:
    @pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
    def test_a_few_are_followed(self, status: str) -> None:
        hops = [saying(page(b"", status, f"Location: /{n}")) for n in range(REDIRECTS)]
        with serving(*hops, saying(page())) as server:
            assert fetch_from(server) == FERRY
        assert [head.split()[1] for head in server.asked] == ["/", *(f"/{n}" for n in range(5))]

    def test_many_are_not(self) -> None:
        with serving(saying(page(b"", "302 Found", "Location: /"))) as server:
            assert failure(lambda: fetch_from(server)).code == "page_moved"
        assert len(server.asked) == 1 + REDIRECTS

    @pytest.mark.parametrize(
        "location",
        [
            *("http://127.0.0.1:{port}/", "http://localhost:{port}/", "//127.0.0.1:{port}/"),
            *("http://[::1]:{port}/", "http://169.254.169.254/", "http://[::ffff:7f00:1]:{port}/"),
            *("file:///etc/passwd", "ftp://page.example/", "http://ada:pw@page.example/"),
            *("http://page.example:{port}/", "https://0x7f000001:{port}/", "javascript:alert(1)"),
        ],
    )
    def test_none_leads_where_nobody_may_go(self, location: str) -> None:
        with serving(saying(page(b"secret"))) as other:
            to = location.format(port=other.port)
            with serving(saying(page(b"", "302 Found", f"Location: {to}"))) as server:
                error = failure(lambda: fetch_from(server))
        assert error.code == "address_not_allowed"
        assert other.asked == []

    def test_one_to_an_address_in_other_letters(self) -> None:
        location = "Location: /größe".encode().decode("latin-1")
        with serving(saying(page(b"", "302 Found", location)), saying(page())) as server:
            assert fetch_from(server) == FERRY
        assert server.asked[1].split()[1] == "/gr%C3%B6%C3%9Fe"

    def test_the_time_is_for_all_together(self) -> None:
        def late(connection: socket.socket) -> None:
            threading.Event().wait(0.25)
            connection.sendall(page(b"", "302 Found", "Location: /"))

        began = time.monotonic()
        with serving(late) as server:
            assert failure(lambda: fetch_from(server, timeout=0.6)).code == "page_timeout"
        assert time.monotonic() - began < 5


ZIPPED = gzip.compress(FERRY, mtime=0)


class TestContent:
    @pytest.mark.parametrize(
        "answer",
        [
            page(FERRY),
            page(ZIPPED, "200 OK", "Content-Encoding: gzip"),
            page(ZIPPED, "200 OK", "Content-Encoding: X-GZIP"),
            page(zlib.compress(FERRY), "200 OK", "Content-Encoding: deflate"),
            b"HTTP/1.1 200 OK\r\n\r\n" + FERRY,
            b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b more" % (len(FERRY), FERRY),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"1\r\n%c\r\n" % letter for letter in FERRY)
            + b"0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + page(FERRY),
        ],
    )
    def test_it_is_what_was_meant(self, answer: bytes) -> None:
        with serving(saying(answer)) as server:
            assert fetch_from(server) == FERRY

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (page(b""), "page_empty"),
            (page(gzip.compress(b"", mtime=0), "200 OK", "Content-Encoding: gzip"), "page_empty"),
            (page(b"x", "200 OK", "Content-Encoding: br"), "page_encoded"),
            (page(b"no gzip", "200 OK", "Content-Encoding: gzip"), "page_broken"),
            (page(FERRY, length=LIMIT + 1), "page_too_large"),
            (page(b"x" * LIMIT + b"y"), "page_too_large"),
        ],
    )
    def test_what_cannot_be_taken_is_told(self, answer: bytes, code: str) -> None:
        with serving(saying(answer)) as server:
            error = failure(lambda: fetch_from(server))
        assert error.code == code
        assert not isinstance(error, TransientError)

    @pytest.mark.parametrize(
        "answer",
        [
            page(FERRY, length=len(FERRY) + 1),
            page(ZIPPED[:-9], "200 OK", "Content-Encoding: gzip"),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nThe f",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
            *(b"", b"\r\n", b"nonsense", b"HTTP/1.1 banana\r\n\r\n"),
        ],
    )
    def test_half_an_answer_is_tried_again(self, answer: bytes) -> None:
        with serving(saying(answer)) as server:
            error = failure(lambda: fetch_from(server))
        assert (type(error), error.code) == (TransientError, "page_unreachable")

    @pytest.mark.parametrize(
        ("status", "code", "may_pass"),
        [
            *((404, "page_not_found", False), (410, "page_not_found", False)),
            *((401, "page_refused", False), (403, "page_refused", False)),
            *(
                (400, "page_failed", False),
                (204, "page_failed", False),
                (304, "page_failed", False),
            ),
            *((429, "page_failed", True), (500, "page_failed", True), (503, "page_failed", True)),
            (301, "page_failed", False),
        ],
    )
    def test_an_answer_that_is_no_page(self, status: int, code: str, may_pass: bool) -> None:
        with serving(saying(page(b"", f"{status} X", "Retry-After: 7"))) as server:
            error = failure(lambda: fetch_from(server))
        assert (error.code, isinstance(error, TransientError)) == (code, may_pass)
        assert str(status) in error.detail
        assert error.retry_after == (7 if may_pass else None)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class TestBounds:
    @pytest.mark.parametrize(
        "answer",
        [
            silent,
            for_ever(b"", b"H", 0.02),
            for_ever(HEAD, b"X", 0.02),
            for_ever(HEAD + b"\r\n", b"x", 0.02),
            for_ever(HEAD + b"Content-Encoding: gzip\r\n\r\n" + ZIPPED[:10], b"", 0.02),
            for_ever(CHUNKED, b"1\r\nx\r\n", 0.02),
        ],
    )
    def test_nothing_drips_on_beyond_the_time(self, answer: Answer) -> None:
        began = time.monotonic()
        with serving(answer) as server:
            error = failure(lambda: fetch_from(server, timeout=0.5))
        assert error.code == "page_timeout"
        assert time.monotonic() - began < 5

    def test_nor_does_a_handshake(self) -> None:
        began = time.monotonic()
        with serving(silent) as server:
            names = Names(page=[[server.place]])
            error = failure(lambda: fetch("https://page.example/", names=names, timeout=0.5))
        assert error.code == "page_timeout"
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize(
        "answer",
        [
            for_ever(HEAD + b"\r\n", b"x" * 10_000),
            for_ever(CHUNKED, b"5\r\nThe f\r\n" * 1000),
            for_ever(HEAD, b"X-More: " + b"x" * 60_000 + b"\r\n"),
            for_ever(b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n\r\nHTTP/1.1 100 Continue\r\n"),
            for_ever(
                CHUNKED + b"5\r\nThe f\r\n0\r\n",
                b"X" * 50_000 + b"\r\n",
            ),
        ],
    )
    def test_nothing_floods_on(self, answer: Answer) -> None:
        with serving(answer) as server:
            error = failure(lambda: fetch_from(server))
        assert error.code == "page_too_large"

    @pytest.mark.parametrize("line", [b"X" * 70_000, b"A: b\r\n" * 200, b"A" * 70_000 + b": b"])
    def test_headers_are_bounded(self, line: bytes) -> None:
        with serving(saying(HEAD + line + b"\r\n\r\n")) as server:
            error = failure(lambda: fetch_from(server))
        assert error.code in ("page_unreachable", "page_too_large")

    def test_a_bomb_does_not_go_off(self) -> None:
        packer = zlib.compressobj(1, wbits=31)
        bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(400)) + packer.flush()
        tracemalloc.start()
        with serving(saying(page(bomb, "200 OK", "Content-Encoding: gzip"))) as server:
            error = failure(lambda: fetch_from(server, limit=10_000_000))
        assert error.code == "page_too_large"
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
        tracemalloc.stop()

    def test_whoever_waits_is_woken(self) -> None:
        with serving(silent) as server:
            guard = Guard(["page.example"], Names(page=[[server.place]]))
            fetcher = GuardedFetcher(guard, timeout=20, limit=LIMIT)
            began = time.monotonic()
            with fetcher.start("http://page.example/") as fetching:
                threading.Timer(0.3, fetching.abort).start()
                error = failure(fetching.page)
                assert time.monotonic() - began < 5
                assert failure(fetching.page).code == error.code == "page_unreachable"
