"""Mails read as a mail program shows them, also damaged ones."""

import base64
import time
from email import policy
from email.message import EmailMessage

import pytest

from assistant.adapters.documents import mail
from assistant.errors import PermanentError

HEAD = "From: Ada <ada@quay.example>\nTo: bo@quay.example\nSubject: Fees\n"
TOP = "# Fees\n\nFrom: Ada <ada@quay.example>\nTo: bo@quay.example"
LONG = "<p>The fees rise by two per cent in May, and once more in the autumn of the next year.</p>"


def text(raw: str | bytes) -> str:
    """Return what is read of a mail."""
    read, pages = mail.extract(raw.encode() if isinstance(raw, str) else raw)
    assert pages == []
    return read


def body(raw: str | bytes) -> str:
    """Return what follows the headers of a mail that begins as `HEAD` does."""
    read = text(raw)
    assert read.startswith(TOP)
    return read.removeprefix(TOP).strip()


def part(kind: str, content: str, *headers: str) -> str:
    """Return a part of a mail."""
    return "\n".join([f"Content-Type: {kind}", *headers, "", content])


def multipart(kind: str, *parts: str, boundary: str = "edge") -> str:
    """Return several parts as one, without what stands before it."""
    inner = "".join(f"--{boundary}\n{one}\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


class TestHeaders:
    def test_they_stand_at_the_top_and_others_do_not(self) -> None:
        raw = (
            "Received: from x\nDate: Thu, 12 Mar 2026 14:05:00 +0100\nSubject: Fees\n rise\n"
            "From: ada@quay.example\nTo: a@b.example,\n\tc@d.example\nCc: e@f.example\n\nWords.\n"
        )
        assert text(raw) == (
            "# Fees rise\n\nFrom: ada@quay.example\nTo: a@b.example, c@d.example\n"
            "Cc: e@f.example\nDate: Thu, 12 Mar 2026 14:05:00 +0100\n\nWords."
        )

    @pytest.mark.parametrize(
        ("subject", "shown"),
        [
            ("=?utf-8?B?SsO8cmdlbg==?= here", "Jürgen here"),
            ("=?iso-8859-1?q?f=FCr?= =?iso-8859-1?q?_alle?=", "für alle"),
            # A letter that goes on in the next word, and a blank between the words.
            ("=?utf-8?b?w4M=?= =?utf-8?q?=C3?=\n =?utf-8?q?=BCr?=", "Ãür"),
            ("=?ISO-8859-1?Q\t?compl=E9ter=20?=sur", "compléter sur"),
            ("=?utf-8*de?q?f=C3=BCr?=", "für"),
            ("=?iso-8859-1?q?mis=C3=BCnamed?=", "misünamed"),
            ("=?utf-8?b?Zm9vYg?=", "foob"),
            ("=?utf-8?q?why?_so?=", "why? so"),
            ("=?utf-8?b?SsO8?=cmdlbg", "Jücmdlbg"),
            ("plain =? text ?=", "plain =? text ?="),
            ("raw für", "raw für"),
        ],
    )
    def test_encoded_words(self, subject: str, shown: str) -> None:
        assert text(f"Subject: {subject}\nTo: x\n\nWords.").split("\n")[0] == f"# {shown}"

    def test_raw_bytes_of_another_encoding(self) -> None:
        assert "# für alle" in text("Subject: für alle\n\nWords.".encode("latin-1"))
        raw = "Subject: Маяк\n" + part("text/plain; charset=koi8-r", "Words.")
        assert text(raw.encode("koi8-r")) == "# Маяк\n\nWords."


class TestBody:
    @pytest.mark.parametrize(
        ("charset", "encoding"),
        [
            ("utf-8", "utf-8"),
            ("iso-8859-1", "cp1252"),
            ("koi8-r", "koi8-r"),
            ("iso-2022-jp", "iso-2022-jp"),
            ("gb2312", "gb18030"),
            ("ks_c_5601-1987", "cp949"),
            # Wrong, unknown and missing ones.
            ("iso-8859-1", "utf-8"),
            ("us-ascii", "utf-8"),
            ("x-unknown", "utf-8"),
            ("base64", "utf-8"),
            ('"utf-8"content-transfer-encoding: 8bit', "utf-8"),
        ],
    )
    @pytest.mark.parametrize("transfer", ["8bit", "base64", "quoted-printable"])
    def test_character_sets(self, charset: str, encoding: str, transfer: str) -> None:
        words = {
            "cp1252": "Grüße – für „alle“",  # noqa: RUF001
            "koi8-r": "Маяк стоит на скале",
            "iso-2022-jp": "灯台の霧笛",
            "gb18030": "灯塔的雾笛",
            "cp949": "등대의 안개",
        }.get(encoding, "Grüße, Маяк, 灯台")
        data = words.encode(encoding)
        if transfer == "base64":
            data = base64.encodebytes(data)
        elif transfer == "quoted-printable":
            data = "".join(f"={byte:02X}" for byte in data).encode()
        head = part(f"text/plain; charset={charset}", "", f"Content-Transfer-Encoding: {transfer}")
        assert body(f"{HEAD}{head}\n".encode() + data) == words

    def test_plain_text_is_preferred_and_stubs_are_not(self) -> None:
        plain = part("text/plain", "The fees rise by two per cent in May, and once more later.")
        html = part("text/html", f"<title>x</title>{LONG}")
        stub = part("text/plain", "Please use HTML.")
        assert body(HEAD + multipart("alternative", plain, html)).endswith("once more later.")
        for short in (stub, part("text/plain", " \n")):
            read = body(HEAD + multipart("alternative", short, html))
            assert read.startswith("The fees rise by two")
            assert read.endswith("next year.")

    def test_html_alone_and_html_that_is_called_plain(self) -> None:
        for kind in ("text/html", "text/plain"):
            raw = f"{HEAD}{part(kind, f'<html><title>x</title><body>{LONG}</body></html>')}"
            assert body(raw).startswith("The fees rise by two per cent")

    def test_the_transport_says_how_html_is_encoded(self) -> None:
        html = b"<meta charset='utf-8'><p>Gr\xfc\xdfe aus M\xfcnchen</p>"
        head = f"{HEAD}Content-Type: text/html; charset=iso-8859-1\n\n".encode()
        assert body(head + html) == "Grüße aus München"

    def test_pictures_in_the_text_are_no_attachments(self) -> None:
        picture = part("image/png; name=logo.png", "x", "Content-ID: <logo>")
        sheet = part("application/pdf; name=fees.pdf", "x", "Content-Disposition: attachment")
        raw = HEAD + multipart("related", part("text/html", LONG), picture, sheet)
        assert "logo.png" not in text(raw)
        assert [name for name, *_ in mail.attachments(raw.encode())] == ["fees.pdf"]

    def test_flowing_lines_are_joined(self) -> None:
        lines = "One \nparagraph.\n> A \n> quote.\n\n-- \nAda"
        raw = HEAD + part("text/plain; format=flowed", lines)
        assert body(raw) == "One paragraph.\n> A quote.\n\n--\nAda"

    def test_each_text_among_parts_is_read(self) -> None:
        raw = HEAD + multipart("mixed", part("text/plain", "One."), part("text/html", "<p>Two."))
        assert body(raw) == "One.\n\nTwo."

    def test_what_cannot_be_read_is_told(self) -> None:
        sealed = part("application/pkcs7-mime; name=smime.p7m", "x")
        pgp = multipart("encrypted", part("application/pgp-encrypted", "Version: 1"))
        inline = part("text/plain", "-----BEGIN PGP MESSAGE-----\n\nx")
        outlook = multipart("mixed", part("application/ms-tnef; name=winmail.dat", "x"))
        for raw, word in (
            *((sealed, "S/MIME"), (pgp, "encrypted"), (inline, "encrypted")),
            (outlook, "winmail.dat"),
        ):
            assert word in body(HEAD + raw)

    def test_signed_mails_are_read_without_their_signatures(self) -> None:
        signature = part("application/pkcs7-signature; name=smime.p7s", "x")
        raw = HEAD + multipart("signed", part("text/plain", "Words."), signature)
        assert body(raw) == "Words."
        assert mail.attachments(raw.encode()) == []

    def test_a_report_that_a_mail_was_not_delivered(self) -> None:
        status = part("message/delivery-status", "Reporting-MTA: dns; x\n\nStatus: 5.1.1\n")
        raw = HEAD + multipart("report", part("text/plain", "Undelivered."), status)
        assert body(raw) == "Undelivered.\n\nReporting-MTA: dns; x\n\nStatus: 5.1.1"


class TestAttachments:
    def test_they_are_listed_and_given(self) -> None:
        message = EmailMessage(policy=policy.SMTP)
        message["Subject"] = "Fees"
        message.set_content("Words.")
        message.add_attachment(b"%PDF-" + b"x" * 1995, "application", "pdf", filename="größe.pdf")
        message.add_attachment(b"a;b\n", "text", "csv", filename="a.csv")
        raw = message.as_bytes()
        assert text(raw) == (
            "# Fees\n\nWords.\n\nAttachments:\n- größe.pdf (application/pdf, 2 kB)\n"
            "- a.csv (text/csv, 4 bytes)"
        )
        first, second = mail.attachments(raw)
        assert first == ("größe.pdf", "application/pdf", b"%PDF-" + b"x" * 1995, False)
        assert second[:2] == ("a.csv", "text/csv")

    @pytest.mark.parametrize(
        ("header", "name"),
        [
            ("filename*=utf-8''na%C3%AFve%20file.pdf", "naïve file.pdf"),
            ("filename*0=long-; filename*1=name.pdf", "long-name.pdf"),
            ('filename="=?iso-8859-1?Q?Gr=F8n_12B=2C.pdf?="', "Grøn 12B,.pdf"),
            ('filename="grün.pdf"', "grün.pdf"),
            ("filename=../../etc/passwd", "passwd"),
            ('filename="C:\\\\x\\\\report.pdf"', "report.pdf"),
            ("filename*=nonsense''%FF.pdf", "ÿ.pdf"),
            ("filename*x=1; filename*0*=%", "%"),
            ("", "attachment-1.pdf"),
        ],
    )
    def test_names(self, header: str, name: str) -> None:
        file = part("application/pdf", "x", f"Content-Disposition: attachment; {header}")
        raw = HEAD + multipart("mixed", part("text/plain", "Words."), file)
        assert [name for name, *_ in mail.attachments(raw.encode())] == [name]

    def test_files_beside_either_variant_are_kept(self) -> None:
        file = part("application/pdf; name=fees.pdf", "x")
        rich = multipart("mixed", part("text/html", LONG), file, boundary="inner")
        raw = HEAD + multipart("alternative", part("text/plain", "Words " * 20), rich)
        assert body(raw).startswith("Words Words")
        assert "fees.pdf" in body(raw)

    def test_mails_within_mails_have_their_own_headers_and_attachments(self) -> None:
        file = part("application/pdf; name=deep.pdf", "x")
        inner = "From: bo@quay.example\nSubject: Old fees\n" + multipart(
            "mixed", part("text/plain", "Inner words."), file, boundary="inner"
        )
        raw = HEAD + multipart("mixed", part("text/plain", "See."), part("message/rfc822", inner))
        assert body(raw) == (
            "See.\n\n## Old fees\n\nFrom: bo@quay.example\n\nInner words.\n\n"
            "Attachments:\n- deep.pdf (application/pdf, 1 bytes)"
        )
        assert [name for name, *_ in mail.attachments(raw.encode())] == ["deep.pdf"]

    def test_a_mail_within_a_mail_that_is_encoded_against_the_rules(self) -> None:
        inner = base64.encodebytes(b"Subject: Old fees\n\nInner words.\n").decode()
        coded = part("message/rfc822", inner, "Content-Transfer-Encoding: base64")
        assert body(HEAD + multipart("mixed", coded)) == "## Old fees\n\nInner words."

    def test_the_fourth_mail_within_is_a_file(self) -> None:
        raw = "Subject: level 5\n\nWords.\n"
        for level in (4, 3, 2, 1):
            raw = f"Subject: level {level}\n" + part("message/rfc822", raw)
        read = text(raw)
        assert "### level 3" in read
        assert "level 4" not in read
        ((name, kind, content, is_deep),) = mail.attachments(raw.encode())
        assert (name, kind, is_deep) == ("message.eml", "message/rfc822", True)
        assert content.startswith(b"Subject: level 4")

    def test_there_are_at_most_a_hundred(self) -> None:
        files = [part(f"application/pdf; name={i}.pdf", "x") for i in range(150)]
        raw = HEAD + multipart("mixed", *files)
        assert len(mail.attachments(raw.encode())) == 100
        assert body(raw).endswith("- 99.pdf (application/pdf, 1 bytes)\n- and 50 more")


class TestDamage:
    def test_a_missing_end_and_a_wrong_boundary(self) -> None:
        whole = HEAD + multipart("mixed", part("text/plain", "One."), part("text/html", "<p>Two."))
        cut = whole.replace("--edge--", "")
        wrong = whole.replace('boundary="edge"', 'boundary="other"')
        absent = whole.replace('; boundary="edge"', "")
        for raw in (cut, wrong, absent):
            assert body(raw) == "One.\n\nTwo."

    @pytest.mark.parametrize(
        "raw",
        [
            f"\n\n{HEAD}\nWords.",
            f"From ada Thu Mar 12 14:05:00 2026\n{HEAD}\nWords.",
            f">From ada Thu Mar 12 14:05:00 2026\n{HEAD}\nWords.",
            f"\ufeff{HEAD}\nWords.",
            f"{HEAD}\nWords.".replace("\n", "\r\n"),
            f"{HEAD}\nWords.".replace("\n", "\r"),
            f"{HEAD}Words.",
            f"{HEAD}Content-Transfer-Encoding: base64\n\nWords.",
            f"{HEAD}Content-Type: nonsense\n\nWords.",
            f"{HEAD}Content-Type: text/plain; charset*=x''%\n\nWords.",
        ],
    )
    def test_words_are_found(self, raw: str) -> None:
        assert body(raw) == "Words."

    def test_an_encoding_that_is_not_said(self) -> None:
        words = "The fees rise by two per cent in May, für alle. " * 3
        coded = base64.encodebytes(words.encode()).decode()
        assert body(f"{HEAD}\n{coded}") == words.strip()

    def test_wide_characters(self) -> None:
        assert body(f"{HEAD}\nWords.".encode("utf-16")) == "Words."

    def test_deep_nesting_is_still_text(self) -> None:
        raw = "deep"
        for level in range(2000):
            raw = multipart("mixed", raw, boundary=f"b{level}")
        assert "deep" in text(HEAD + raw)
        assert mail.attachments((HEAD + raw).encode()) == []

    def test_a_mailbox_is_none(self) -> None:
        one = f"From ada Thu Mar 12 14:05:00 2026\n{HEAD}\nWords.\n\n"
        with pytest.raises(PermanentError, match="save each mail") as caught:
            mail.extract((one + one).encode())
        assert caught.value.code == "broken_file"

    def test_patterns_of_hostile_headers_end_in_good_time(self) -> None:
        began = time.process_time()
        text("Subject: " + "=?a?q?x" * 100_000 + "\n\nWords.")
        text("From a\nSubject: x\n\n\nFrom " + "1 " * 500_000 + "\nx")
        text("Content-Type: multipart/mixed\n\n--x" + " " * 500_000 + "\nx")
        assert time.process_time() - began < 5
