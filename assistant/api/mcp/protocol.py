"""Read a JSON-RPC request of either era of MCP, and say what is wrong with it as that era does."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from werkzeug.datastructures import Headers

MODERN = ("2026-07-28",)
# Those that begin with `initialize`.
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
SUPPORTED = (*MODERN, *LEGACY)
META = "io.modelcontextprotocol"
TASKS = f"{META}/tasks"
BASE64_BEGINS, BASE64_ENDS = "=?base64?", "?="

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, INTERNAL = (
    *(-32700, -32600, -32601, -32602),
    -32603,
)
HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION = -32020, -32021, -32022

# Whose value the header `Mcp-Name` repeats. Those of tasks may go without it: nobody routes by it.
NAMED = {"tools/call": "name"}
MAY_BE_NAMED = {"tasks/get": "taskId", "tasks/update": "taskId", "tasks/cancel": "taskId"}

Json = dict[str, Any]


class RpcError(Exception):
    """What is answered instead of a result."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int = HTTPStatus.OK,
        data: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, **({"data": data} if data else {})}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or a notification, which has no id."""

    id: str | int | None
    method: str
    params: Json
    is_modern: bool
    capabilities: Json = field(default_factory=dict)

    @property
    def has_tasks(self) -> bool:
        """Return whether the client follows tasks as the extension has them."""
        extensions = self.capabilities.get("extensions")
        return isinstance(extensions, dict) and isinstance(extensions.get(TASKS), dict)

    @property
    def wants_task(self) -> bool:
        """Return whether a client of the era before asks for a task."""
        return not self.is_modern and isinstance(self.params.get("task"), dict)


def read(message: object, headers: Headers) -> Call:
    """Return what was sent; raises `RpcError`."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise _bad("Send one JSON-RPC 2.0 request or notification, as a JSON object.")
    id_, method, params = message.get("id"), message.get("method"), message.get("params")
    if method is None and ("result" in message or "error" in message):
        # Nothing was asked, so this answers nothing; clients of the era before may send it.
        return Call(None, "", {}, False)
    if not isinstance(method, str):
        raise _bad("`method` is missing.")
    if isinstance(id_, bool) or not isinstance(id_, str | int | None):
        raise _bad("`id` is a string or an integer.")
    if "id" in message and id_ is None:
        raise _bad("`id` may not be null.")
    if params is not None and not isinstance(params, dict):
        raise _bad("`params` is an object.")
    params = params or {}
    meta = params.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    if id_ is None:
        return Call(None, method, params, False)
    if not _is_modern(headers, meta, method):
        return Call(id_, method, params, False)
    capabilities = meta.get(f"{META}/clientCapabilities")
    if not isinstance(capabilities, dict):
        raise RpcError(
            INVALID_PARAMS,
            f"`_meta` lacks {META}/clientCapabilities.",
            HTTPStatus.BAD_REQUEST,
        )
    _compare(headers, "Mcp-Method", method)
    for names, demanded in ((NAMED, True), (MAY_BE_NAMED, False)):
        if method in names:
            _compare(headers, "Mcp-Name", params.get(names[method]), demanded=demanded)
    return Call(id_, method, params, True, capabilities)


def _is_modern(headers: Headers, meta: Mapping[str, Any], method: str) -> bool:
    """Return the era of a request; raises `RpcError` for versions that nobody here speaks."""
    said, header = meta.get(f"{META}/protocolVersion"), headers.get("MCP-Protocol-Version")
    if said is None and header not in MODERN:
        if header is not None and header not in LEGACY and method != "initialize":
            raise _unsupported(header)
        return False
    if said is None:
        raise RpcError(
            INVALID_PARAMS, f"`_meta` lacks {META}/protocolVersion.", HTTPStatus.BAD_REQUEST
        )
    if header != said:
        raise _mismatch("MCP-Protocol-Version", header, said)
    if said not in MODERN:
        raise _unsupported(said)
    return True


def _compare(headers: Headers, name: str, expected: object, *, demanded: bool = True) -> None:
    given = headers.get(name)
    if given is None and not demanded:
        return
    if given is None or _decoded(given) != expected:
        raise _mismatch(name, given, expected)


def _decoded(given: str) -> str | None:
    if not (given.startswith(BASE64_BEGINS) and given.endswith(BASE64_ENDS)):
        return given
    inner = given.removeprefix(BASE64_BEGINS).removesuffix(BASE64_ENDS)
    try:
        return base64.b64decode(inner, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _bad(message: str) -> RpcError:
    return RpcError(INVALID_REQUEST, message, HTTPStatus.BAD_REQUEST)


def _mismatch(name: str, given: str | None, expected: object) -> RpcError:
    said = "is missing" if given is None else f"is {given[:100]!r}"
    return RpcError(
        HEADER_MISMATCH,
        f"Header mismatch: {name} {said}, and the body says {str(expected)[:100]!r}.",
        HTTPStatus.BAD_REQUEST,
    )


def _unsupported(version: object) -> RpcError:
    return RpcError(
        UNSUPPORTED_VERSION,
        "Unsupported protocol version",
        HTTPStatus.BAD_REQUEST,
        {"supported": list(SUPPORTED), "requested": str(version)[:100]},
    )


def no_such_method(call: Call) -> RpcError:
    """Return what is answered to a method that is not here."""
    # In the era before, 404 ends a session.
    status = HTTPStatus.NOT_FOUND if call.is_modern else HTTPStatus.OK
    return RpcError(NO_METHOD, f"Method not found: {call.method[:100]}", status)
