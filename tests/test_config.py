"""Where settings come from, and that `.env.example` says the truth about all of them."""

import re
from pathlib import Path

import pytest

from assistant.config import Settings, read_settings

PROJECT = Path(__file__).parents[1]


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


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_any_setting_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    values = {"log_format": "json", "debug": "true", "database_url": "postgresql://db/assistant"}
    value = values.get(name, "7")
    monkeypatch.setenv(f"{name.upper()}_FILE", write(tmp_path / "secret", f"  {value}\n"))
    from_file = read_settings()
    monkeypatch.delenv(f"{name.upper()}_FILE")
    monkeypatch.setenv(name.upper(), value)
    assert from_file == read_settings()
    # A local run asks which settings somebody chose.
    assert from_file.model_fields_set == {name}


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
