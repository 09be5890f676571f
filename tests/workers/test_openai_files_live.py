"""The official OpenAI SDK on a live stack: files, vector stores, batches and searches."""

import asyncio
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, ConflictError, NotFoundError, OpenAI

from tests.live import Live

pytestmark = pytest.mark.slow

TEXT = (
    "# Ferries\n\nThe ferry to {0} leaves at {1}.\n\n# Fares\n\nA ticket to {0} is four crowns.\n"
)


@pytest.fixture
def client(live: Live) -> Iterator[OpenAI]:
    """Return the SDK with an API key of a new user."""
    made = live.client.post("/api-keys", json={"name": "sdk", "scopes": ["read", "write"]})
    with OpenAI(base_url=f"{live.stack.api_url}/v1", api_key=made.json()["key"]) as sdk:
        yield sdk


def named(text: str, name: str) -> tuple[str, bytes]:
    return name, text.encode()


def test_a_file_is_uploaded_attached_found_and_deleted(client: OpenAI) -> None:
    file = client.files.create(
        file=named(TEXT.format("Kiel", "noon"), "kiel.md"),
        purpose="assistants",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert file._request_id
    assert client.files.wait_for_processing(file.id).status == "processed"
    assert client.files.content(file.id).read() == TEXT.format("Kiel", "noon").encode()
    store = client.vector_stores.create(name="Ferries", metadata={"team": "port"})
    attached = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, attributes={"port": "Kiel", "year": 2026}
    )
    assert (attached.status, attached.last_error) == ("completed", None)
    other = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id,
        file=named(TEXT.format("Oslo", "nine"), "oslo.md"),
        attributes={"port": "Oslo", "year": 2025},
    )
    assert other.attributes == {"port": "Oslo", "year": 2025}
    counts = client.vector_stores.retrieve(store.id).file_counts
    assert (counts.completed, counts.total) == (2, 2)

    found = client.vector_stores.search(store.id, query="When does the ferry leave Kiel?")
    assert found.data[0].file_id == file.id
    assert "noon" in found.data[0].content[0].text
    year = {"type": "lt", "key": "year", "value": 2026}
    filtered = client.vector_stores.search(
        store.id, query="When does the ferry leave?", filters=year, max_num_results=50
    )
    assert {hit.file_id for hit in filtered.data} == {other.id}
    client.vector_stores.files.update(
        file.id, vector_store_id=store.id, attributes={"port": "Kiel", "year": 2020}
    )
    filtered = client.vector_stores.search(store.id, query="ferry", filters=year)
    assert {hit.file_id for hit in filtered.data} == {file.id, other.id}
    text = list(client.vector_stores.files.content(file.id, vector_store_id=store.id))
    assert "noon" in (text[0].text or "")

    assert client.files.delete(file.id).deleted
    left = client.vector_stores.search(store.id, query="When does the ferry leave Kiel?")
    assert {hit.file_id for hit in left.data} == {other.id}
    with pytest.raises(NotFoundError):
        client.files.retrieve(file.id)
    client.vector_stores.files.delete(other.id, vector_store_id=store.id)
    assert client.files.retrieve(other.id).filename == "oslo.md"
    assert client.vector_stores.delete(store.id).deleted


def test_one_file_in_two_stores_is_embedded_once(live: Live, client: OpenAI) -> None:
    file = client.files.create(
        file=named(TEXT.format("Riga", "ten"), "riga.md"), purpose="user_data"
    )
    stores = [client.vector_stores.create(name="Same name") for _ in range(2)]
    for number, store in enumerate(stores):
        done = client.vector_stores.files.create_and_poll(
            file.id, vector_store_id=store.id, attributes={"number": number}
        )
        assert done.status == "completed"
    owner = live.get("/users/me")["id"]
    [[embeddings, chunks]] = live.sql(
        "SELECT count(DISTINCT embedding_id), count(*) FROM chunks WHERE owner_id = :id", id=owner
    )
    assert chunks == 2 * embeddings
    assert live.sql("SELECT count(*) FROM files WHERE owner_id = :id", id=owner) == [(1,)]
    for number, store in enumerate(stores):
        hit = client.vector_stores.search(store.id, query="ferry to Riga").data[0]
        assert hit.attributes == {"number": number}


def test_batches_end_with_each_file_as_it_is(client: OpenAI) -> None:
    store = client.vector_stores.create(name="Batch")
    files: list[Any] = [
        client.files.create(file=named(TEXT.format(n, n), f"{n}.md"), purpose="assistants")
        for n in range(12)
    ]
    broken = client.files.create(file=("broken.pdf", b"%PDF-1.7 broken"), purpose="assistants")
    batch = client.vector_stores.file_batches.create_and_poll(
        store.id, file_ids=[file.id for file in (*files, broken)], attributes={"batch": True}
    )
    assert batch.status == "completed"
    assert (batch.file_counts.completed, batch.file_counts.failed) == (12, 1)
    failed = client.vector_stores.file_batches.list_files(
        batch.id, vector_store_id=store.id, filter="failed"
    )
    (bad,) = failed.data
    assert bad.id == broken.id
    assert bad.last_error is not None
    assert bad.last_error.code == "invalid_file"
    listed = list(client.vector_stores.files.list(store.id, limit=5, order="asc"))
    assert [file.id for file in listed] == [file.id for file in (*files, broken)]
    uploaded = client.vector_stores.file_batches.upload_and_poll(
        store.id, files=[("a.txt", io.BytesIO(b"A.")), ("b.txt", io.BytesIO(b"B."))]
    )
    assert uploaded.file_counts.completed == 2
    assert [file.id for file in client.files.list(limit=3)][-1] == files[0].id


def test_errors_are_those_that_the_sdk_knows(client: OpenAI) -> None:
    store = client.vector_stores.create()
    with pytest.raises(NotFoundError) as missing:
        client.vector_stores.files.create(store.id, file_id="file-nothing")
    assert missing.value.code == "not_found"
    with pytest.raises(BadRequestError) as bad:
        client.vector_stores.search(store.id, query="x", max_num_results=99)
    assert bad.value.param == "max_num_results"
    default = next(each for each in client.vector_stores.list() if each.name == "Documents")
    with pytest.raises(ConflictError):
        client.vector_stores.delete(default.id)


async def _in_async(url: str, key: str) -> str:
    async with AsyncOpenAI(base_url=url, api_key=key) as sdk:
        store = await sdk.vector_stores.create(name="Async")
        file = await sdk.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("a.txt", b"The ferry leaves at noon.")
        )
        assert file.status == "completed"
        hit = (await sdk.vector_stores.search(store.id, query="ferry")).data[0]
        await sdk.vector_stores.delete(store.id)
        return hit.filename


def test_the_asynchronous_client_does_the_same(client: OpenAI) -> None:
    assert asyncio.run(_in_async(str(client.base_url), str(client.api_key))) == "a.txt"


def test_a_worker_that_is_killed_in_the_middle_of_a_batch_loses_nothing(
    live: Live, client: OpenAI
) -> None:
    store = client.vector_stores.create(name="Killed")
    words = " ".join(f"Word {n} is about the ferry." for n in range(300))
    files = [
        client.files.create(file=named(f"{n} {words}", f"{n}.txt"), purpose="assistants")
        for n in range(8)
    ]
    batch = client.vector_stores.file_batches.create(store.id, file_ids=[file.id for file in files])
    live.kill(live.process("indexing"))
    done = client.vector_stores.file_batches.poll(batch.id, vector_store_id=store.id)
    assert (done.status, done.file_counts.completed) == ("completed", 8)


def test_the_example_of_the_documentation(live: Live, client: OpenAI) -> None:
    text = (Path(__file__).parents[2] / "docs/openai.md").read_text()
    _, _, section = text.partition("## Files and vector stores")
    (script,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={"OPENAI_BASE_URL": str(client.base_url), "OPENAI_API_KEY": str(client.api_key)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("ferries.md")
    assert "noon" in said.stdout
