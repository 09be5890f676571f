"""Texts that are endlessly deep or wide, and mails that never come to an end."""

from collections.abc import Iterator

from benchmarks.fuzz.made import MARK, Made, ends
from tests.adapters import files

MANY = 100_000
HEAD = "From: a@quay.example\nTo: b@quay.example\nSubject: {}\nMIME-Version: 1.0\n"


def texts() -> Iterator[Made]:
    """Yield plain, marked, delimited and JSON texts."""
    yield Made("txt: empty", "empty.txt", b"", ends("422"))
    for name, content in _texts().items():
        extension = name.partition(":")[0]
        yield Made(name, f"hostile.{extension}", content)


def _texts() -> dict[str, bytes]:
    return {
        "txt: a mark alone": b"\xef\xbb\xbf",
        "txt: blanks": b" \n" * MANY,
        "txt: half a letter of UTF-16": "\ufeffwords".encode("utf-16-le") + b"\xd8",
        "txt: no letters of UTF-32": b"\xff\xfe\0\0" + b"\xff\xff\xff\xff" * 99,
        "txt: combining marks": ("a" + "\u0301" * MANY).encode(),
        "txt: directions": "\u202eabc\u2066".encode() * 30_000,
        "txt: one line of 300 kB": b"x" * 3 * MANY,
        "txt: above the limit": b"word " * 1_100_000,
        "txt: letters of ISO-2022": b"\x1b$B" * MANY,
        "md: deep quotes": b">" * MANY + b" words",
        "md: brackets": b"[" * MANY + b"words" + b"](" * MANY,
        "md: stars": b"*" * MANY + b"a_" * MANY,
        "md: fences": b"```\n" * MANY,
        "md: headings": b"# a\n" * MANY,
        "md: a row of 100,000 cells": b"|" * MANY + b"\n" + b"|-" * MANY + b"|\n",
        "csv: a million columns": (b"a," * 1_000_000 + b"\n") * 3,
        "csv: a quote without end": b'a,"' + b"words,\n" * MANY,
        "csv: quotes": b'""",' * MANY,
        "csv: a field of 200 kB": b"a,b\n1," + b"x" * 2 * MANY,
        "csv: one wide row of many": b"a,b\n" * 9000 + b"c," * 9000,
        "tsv: only tabs": b"\t" * MANY,
        "json: deep lists": b"[" * MANY + b"]" * MANY,
        "json: deep objects": b'{"a":' * MANY + b"1" + b"}" * MANY,
        "json: never closed": b'[{"a":' * MANY,
        "json: long number": b'{"a": ' + b"9" * MANY + b"}",
        "json: number without end": b'{"a": 1e99999999999, "b": -Infinity, "c": NaN}',
        "json: half a letter": b'{"a": "\\ud800\\udfff\\ud83d"}',
        "json: long paths": b"[" + (b'{"' + b"k" * 5000 + b'":') * 90 + b"1" + b"}" * 90 + b"]",
        "json: one key 100,000 times": b"{" + b'"a":1,' * MANY + b'"a":1}',
        "jsonl: some lines broken": b'{"a":1}\n{"a":\n' * MANY,
        "html: deep": b"<div>" * MANY + b"words",
        "html: deep tables": b"<table><tr><td>" * 50_000 + b"words",
        "html: deep lists": b"<ul><li>" * MANY + b"words",
        "html: formatting": b"<b><i><a>" * MANY + b"words",
        "html: a wide cell": b"<table><tr><td colspan=999999999 rowspan=999999999>a<td>b</table>",
        "html: many wide cells": b"<table>" + b"<tr><td colspan=1000 rowspan=65534>a" * 5000,
        "html: attributes": b"<p " + b"a=b " * MANY + b">words",
        "html: a comment without end": b"words<!--" * MANY,
        "html: opened": b"<" * 2 * MANY,
        "html: references": b"&#x110000;&#55555555555;&AMP" * MANY,
        "html: deep formulas": b"<math>" + b"<msup><mi>x</mi>" * MANY,
        "html: templates": b"<template><svg><style>" * MANY + b"words",
        "html: an encoding that is none": b"<meta charset=rot13><p>words \xff",
        "rtf: deep": b"{\\rtf1" + b"{" * MANY + b"words",
        "rtf: closed too often": b"{\\rtf1 words" + b"}" * MANY,
        "rtf: binary": b"{\\rtf1 a\\bin2147483647 words}",
        "rtf: long word": b"{\\rtf1 \\" + b"a" * MANY + b"}",
        "rtf: numbers": b"{\\rtf1 \\u-99999999999 \\uc999999999 \\u1 \\fs9999999999 words}",
        "rtf: cells": b"{\\rtf1\\trowd" + b"\\cellx1" * MANY + b"\\cell" * MANY + b"\\row}",
        "rtf: deep tables": b"{\\rtf1" + b"\\intbl\\itap99999 a\\nestcell" * 9999 + b"}",
        "rtf: fonts": b"{\\rtf1{\\fonttbl" + b"{\\f1\\fcharset999 a;}" * MANY + b"}words}",
    }


def mails() -> Iterator[Made]:
    """Yield mails that are deep, wide, or carry something."""
    for name, make in {
        "endless parts": _deep_parts,
        "mails within mails": _deep_mails,
        "100,000 headers": lambda: _plain("".join(f"X-{n}: y\n" for n in range(MANY))),
        "a header of 300 kB": lambda: _plain(f"X: {'y' * 3 * MANY}\n"),
        "folded for ever": lambda: _plain("Subject: a\n" + " b\n" * MANY),
        "encoded words": lambda: _plain(f"Subject: {'=?utf-8?b?YQ==?= ' * MANY}\n"),
        "one edge within another": _edges,
        "1,500 attachments": lambda: _attached("a.txt", "words", 1500),
        "odd parameters": lambda: _plain(
            "Content-Type: text/plain; " + "".join(f"a*{n}*=%FF;" for n in range(50_000)) + "\n"
        ),
        "half of base64": lambda: _attached("a.bin", "QUJ=D=" * 9999, 1, "base64"),
        "an encoding that is none": lambda: _plain("Content-Type: text/plain; charset=hex\n"),
        "parts of parts of text": lambda: _plain(
            "Content-Type: text/plain; boundary=x\nContent-Transfer-Encoding: base64\n"
        ),
    }.items():
        yield Made(f"eml: {name}", "hostile.eml", make().encode())
    for name in (f"../../../../tmp/{MARK}.txt", f"/tmp/{MARK}.txt", f"..\\{MARK}.txt", "a\0b"):
        content = _attached(name, "words", 1).encode()
        yield Made("eml: a name out of the folder", "names.eml", content, ends("succeeded"))
    bomb = files.docx("", extra={"word/document.xml": b" " * 90_000_000}).hex().upper()
    hidden = "".join(f"={bomb[i : i + 2]}" for i in range(0, len(bomb), 2))
    carrier = _attached("bomb.docx", hidden, 5, "quoted-printable").encode()
    yield Made("eml: five bombs", "carrier.eml", carrier, ends("succeeded"))
    mailbox = (HEAD.format("a") + "\nwords\n").encode()
    separate = b"From a@quay.example Thu Mar 12 14:05:00 2026\n" + mailbox + b"\n"
    yield Made("eml: a mailbox", "box.eml", separate * 2000, ends("broken_file"))


def _plain(headers: str) -> str:
    return f"{HEAD.format('a')}{headers}\nwords\n"


def _attached(name: str, content: str, times: int, encoding: str = "8bit") -> str:
    part = f'--edge\nContent-Disposition: attachment; filename="{name}"\n'
    part += f"Content-Transfer-Encoding: {encoding}\n\n{content}\n"
    head = f"{HEAD.format('a')}Content-Type: multipart/mixed; boundary=edge\n\n"
    return f"{head}--edge\n\nwords\n{part * times}--edge--\n"


def _deep_parts() -> str:
    opened = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)
    )
    return f"{HEAD.format('a')}{opened}\nwords"


def _deep_mails() -> str:
    return (HEAD.format("a") + "Content-Type: message/rfc822\n\n") * 3000 + "\nwords"


def _edges() -> str:
    parts = "".join(f"--{'a' * n}\n\nwords\n" for n in range(1, 900))
    return f"{HEAD.format('a')}Content-Type: multipart/mixed; boundary=a\n\n{parts * 5}--a--"
