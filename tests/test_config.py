"""Where settings come from, and that `.env.example` says the truth about all of them."""

import re
from pathlib import Path

import pytest

from assistant.config import Settings, read_settings

PROJECT = Path(__file__).parents[1]
# Where a 7 cannot be used.
VALUES = {
    "log_format": "json",
    "registration": "closed",
    "web_memory_limit": "123456789",
    "embedding_backend": "torch",
    "answer_documents": "extractive",
    "extractive_when_model_is_down": "true",
    "ocr_engine": "off",
    "debug": "true",
    "database_url": "postgresql://db/assistant",
    "database_admin_url": "postgresql://owner@db/assistant",
    "redis_url": "redis://redis/7",
    "chroma_url": "http://chroma:8001",
    "encryption_key": "7" * 32,
    "encryption_key_previous": "7" * 32,
    "openai_base_url": "https://models.example/v1",
    "public_url": "https://a.example/b",
    "embedding_base_url": "https://models.example/v1",
    "rerank_url": "http://127.0.0.1:8080/v1",
    "embedding_window": "700",
    "allowed_origins": "https://a.example",
    "chunk_tokens": "700",
    "fetch_private_hosts": "wiki.example:8080",
    "fetch_pages": "true",
    "chunk_size": "700",
    "page_cache_size": "100000000",
    "context_tokens": "700",
    "temperature": "1.5",
    "retrieval_threshold": "0.5",
    "lease_seconds": "11",
}
# Of all numbers, those that may be 0.
ZERO = {
    *("db_max_overflow", "overlap_tokens", "temperature", "job_retention_days"),
    *("session_retention_days", "conversation_retention_days", "evaluation_retention_days"),
    *("audit_retention_days", "retrieval_threshold", "vector_cache_size"),
    *("requests_per_user", "requests_per_key", "requests_per_address"),
    *("max_documents_per_owner", "max_stored_bytes_per_owner"),
    *("max_tokens_per_day", "max_tokens_per_month"),
}
NUMBERS = [
    name for name, field in Settings.model_fields.items() if type(field.default) in (int, float)
]


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder and with no setting in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> str:
    """Write a file and return its name."""
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_driver_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://ada:secret@db/assistant")
    assert read_settings().database_url == "postgresql+psycopg2://ada:secret@db/assistant"


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, https://b.example")
    assert read_settings().allowed_origins == ["https://a.example", "https://b.example"]


def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(SystemExit, match=r"cannot be used:\n  PORT: Input should be a valid integ"):
        read_settings()


def refused(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """Return what is said of settings that cannot be used, in one line."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as failed:
        read_settings()
    heading, line = str(failed.value).split("\n")
    assert heading == "These settings cannot be used:"
    return line.strip()


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    said = refused(monkeypatch, **{name.upper(): "-2"})
    assert said.startswith(f"{name.upper()}: Input should be greater than ")
    if name not in ZERO:
        assert refused(monkeypatch, **{name.upper(): "0"}).startswith(f"{name.upper()}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PORT", "65536"), ("FLOWER_PORT", "65536"), ("TEMPERATURE", "2.1")),
        *(
            ("RETRIEVAL_THRESHOLD", "1.1"),
            ("CHUNK_SIZE", "199"),
            ("CHUNK_SIZE", "4001"),
            ("CHUNK_TOKENS", "8001"),
        ),
        *(("LEASE_SECONDS", "inf"), ("JOB_RETENTION_DAYS", "nan"), ("MAX_TOKENS", "128001")),
    ],
)
def test_other_bounds(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert refused(monkeypatch, **{name: value}).startswith(f"{name}: Input should be ")


def test_settings_that_are_in_each_others_way(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused(monkeypatch, CHUNK_SIZE="1000", CHUNK_OVERLAP="501")
    assert said == "CHUNK_OVERLAP should be at most half of CHUNK_SIZE"
    monkeypatch.delenv("CHUNK_OVERLAP")
    said = refused(monkeypatch, CHUNK_TOKENS="100", OVERLAP_TOKENS="51")
    assert said == "OVERLAP_TOKENS should be at most half of CHUNK_TOKENS"
    monkeypatch.delenv("OVERLAP_TOKENS")
    said = refused(monkeypatch, LEASE_SECONDS="10", HEARTBEAT_SECONDS="5")
    assert said == "HEARTBEAT_SECONDS should be less than half of LEASE_SECONDS"


@pytest.mark.parametrize(
    ("given", "characters"),
    [
        ({}, (1000, 120)),
        ({"CHUNK_TOKENS": "100"}, (400, 120)),
        ({"CHUNK_TOKENS": "50"}, (200, 100)),
        ({"CHUNK_TOKENS": "100", "OVERLAP_TOKENS": "0"}, (400, 0)),
        ({"CHUNK_SIZE": "800", "CHUNK_OVERLAP": "100"}, (800, 100)),
        ({"CHUNK_SIZE": "220"}, (220, 110)),
        ({"CHUNK_SIZE": "800", "CHUNK_OVERLAP": "100", "CHUNK_TOKENS": "50"}, (200, 100)),
        ({"CHUNK_SIZE": "800", "OVERLAP_TOKENS": "10"}, (800, 40)),
    ],
)
def test_sizes_in_tokens_win_over_those_in_characters(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], characters: tuple[int, int]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.chunk_characters, settings.overlap_characters) == characters


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://x:hunter2@x/y"),
        ("DATABASE_URL", "postgresql+asyncpg://x/y"),
        ("DATABASE_URL", "postgresql://u:hunter2@h:notaport/x"),
        ("DATABASE_URL", "postgresql://u:hunter2@h:65536/x"),
        ("DATABASE_URL", "postgresql://u:hun@ter2@h/x"),
        ("DATABASE_ADMIN_URL", "postgres:/h"),
        ("REDIS_URL", "foo"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("REDIS_URL", "redis://:hunter2/@h:6379/0"),
        ("REDIS_URL", "redis://:hunter2@h:notaport/0"),
        ("REDIS_URL", "redis://h/first"),
        ("CHROMA_URL", "127.0.0.1:8000"),
        ("CHROMA_URL", "http://:8000"),
        ("CHROMA_URL", "http://[::1:8000"),
        ("CHROMA_URL", "https://proxy.example/chroma"),
        ("CHROMA_URL", "http://ada:hunter2@h:8000"),
        ("CHROMA_URL", "http://h:8000/?tenant=x"),
        ("OPENAI_BASE_URL", "localhost:11434/v1"),
        ("OPENAI_BASE_URL", "http://h:0/v1"),
    ],
)
def test_an_address_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    said = refused(monkeypatch, **{name: url})
    assert said.startswith(f"{name}: Input should be an address like ")
    assert "hunter2" not in said
    assert "ter2" not in said


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://u:a/b#c@h:5432/x?sslmode=require"),
        ("DATABASE_URL", "postgresql:///x?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://u:p%40@[::1]/x"),
        ("REDIS_URL", "rediss://:p%2F@h:6380/2?ssl_cert_reqs=required"),
        ("REDIS_URL", "redis://h"),
        ("CHROMA_URL", "http://[::1]:8000/"),
        ("OPENAI_BASE_URL", "https://models.example/v1"),
    ],
)
def test_an_address_that_is_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)
    assert getattr(read_settings(), name.lower()).partition("://")[2] == url.partition("://")[2]


def test_origins_lose_the_slash_at_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example/,*,http://localhost:3000")
    listed = read_settings().allowed_origins
    assert listed == ["https://a.example", "*", "http://localhost:3000"]


@pytest.mark.parametrize(
    "origin",
    [
        *("https://*.example.org", "a.example", "https://a.example/path", "null", "https://"),
        *("http://[::1]:3000", "https://a.example:port", "^https://a.example$"),
    ],
)
def test_an_origin_that_would_let_in_others_is_refused(
    monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    said = refused(monkeypatch, ALLOWED_ORIGINS=f"https://good.example,{origin}")
    assert said.startswith("ALLOWED_ORIGINS: Input should be * or origins like ")
    assert repr(origin) in said


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_any_setting_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    value = VALUES.get(name, "7")
    if name == "crash_points":
        monkeypatch.setenv("DEBUG", "true")
    monkeypatch.setenv(f"{name.upper()}_FILE", write(tmp_path / "secret", f"  {value}\n"))
    from_file = read_settings()
    monkeypatch.delenv(f"{name.upper()}_FILE")
    monkeypatch.setenv(name.upper(), value)
    assert from_file == read_settings()
    # A local run asks which settings somebody chose.
    assert from_file.model_fields_set - {"debug"} == {name} - {"debug"}


def test_crash_points_are_refused_but_in_a_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRASH_POINTS", "/somewhere")
    with pytest.raises(SystemExit, match="CRASH_POINTS is for drills alone"):
        read_settings()


def test_a_file_may_be_named_in_the_env_file(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "from a file")
    write(tmp_path / ".env", f"SECRET_KEY_FILE={secret}\n")
    key = read_settings().secret_key
    assert key is not None
    assert key.get_secret_value() == "from a file"


def test_the_environment_wins_over_a_file_named_in_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / ".env", f"OPENAI_MODEL_FILE={write(tmp_path / 'model', 'there')}\n")
    monkeypatch.setenv("OPENAI_MODEL", "here")
    assert read_settings().openai_model == "here"


def test_an_empty_file_sets_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY_FILE", write(tmp_path / "key", "\n"))
    assert read_settings().openai_api_key is None


def test_beside_an_empty_file_the_variable_itself_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a container: the secret is always there, and its content is in `.env`."""
    monkeypatch.setenv("OPENAI_API_KEY_FILE", write(tmp_path / "key", ""))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-here")
    key = read_settings().openai_api_key
    assert key is not None
    assert key.get_secret_value() == "sk-here"
    write(tmp_path / "key", "sk-there")
    with pytest.raises(SystemExit, match="OPENAI_API_KEY and OPENAI_API_KEY_FILE are both set"):
        read_settings()


def test_a_value_and_a_file_for_it_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "one")
    monkeypatch.setenv("SECRET_KEY_FILE", write(tmp_path / "key", "another"))
    with pytest.raises(SystemExit, match="SECRET_KEY and SECRET_KEY_FILE are both set: unset one"):
        read_settings()


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), (b"\xff", "not text in UTF-8")]
)
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("REDIS_URL_FILE", str(path))
    with pytest.raises(SystemExit) as refused:
        read_settings()
    said = str(refused.value)
    assert f"REDIS_URL_FILE: {path} cannot be read" in said
    assert why in said
    assert "set REDIS_URL itself" in said


def test_the_example_has_every_setting_with_its_default(tmp_path: Path) -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    lines = re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE)
    assert sorted(name for name, _ in lines) == sorted(
        name.upper() for name in Settings.model_fields
    )
    written = write(tmp_path / "example", "".join(f"{name}={value}\n" for name, value in lines))
    described = Settings(_env_file=written).model_dump()  # type: ignore[call-arg]  # as in config.py
    assert described == Settings().model_dump() | {
        "database_url": "postgresql+psycopg2://127.0.0.1:5432/assistant"
    }


def test_the_example_explains_every_setting() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    paragraphs = [part for part in example.split("\n\n") if re.search(r"^# [A-Z_]+=", part, re.M)]
    for paragraph in paragraphs:
        assert re.match(r"# [A-Z0-9a-z][^=]*[a-z.]", paragraph), paragraph
        assert not re.match(r"# [A-Z_]+=", paragraph), f"nothing is said about {paragraph}"


def test_the_example_changes_nothing() -> None:
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") or not line for line in lines)


@pytest.mark.parametrize(
    ("values", "verbatim"),
    [
        ({}, True),
        ({"openai_base_url": "http://model.example/v1"}, False),
        ({"openai_api_key": "k"}, False),
        ({"answer_documents": "model"}, False),
        ({"openai_api_key": "k", "answer_documents": "extractive"}, True),
    ],
)
def test_documents_answer_verbatim_where_no_model_is_configured(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], verbatim: bool
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "ANSWER_DOCUMENTS"):
        monkeypatch.delenv(name, raising=False)
    assert read_settings(**values).answers_by_extraction is verbatim
