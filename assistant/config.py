"""Every setting once, with its environment name and default."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

LOCAL_ENV = "local.env"


class Settings(BaseSettings):
    """What the environment says; a field's upper-case name is its variable.

    Read from the environment, then `.env`, then `local.env` in `DATA_DIR`, which a local run
    writes so that `flask` commands in another terminal reach its servers. For each variable
    `NAME` there may be `NAME_FILE` instead, the path of a file that holds the value: this is how
    containers and systemd hand out secrets.
    """

    model_config = SettingsConfigDict(
        case_sensitive=False, env_ignore_empty=True, extra="ignore", frozen=True
    )

    app_name: str = "Assistant"
    debug: bool = False
    log_format: Literal["auto", "text", "json"] = "auto"
    port: int = 8000
    host: str = "127.0.0.1"
    flower_address: str = "127.0.0.1"
    flower_port: int = 5555
    web_workers: int = 2
    allowed_origins: Annotated[list[str], NoDecode] = []

    data_dir: Path = Path("var")
    upload_dir: Path | None = None
    max_file_size: int = 10 * 1024 * 1024

    database_url: str = "postgresql+psycopg2://127.0.0.1:5432/assistant"
    database_admin_url: str | None = None
    db_pool_size: int = 10
    db_max_overflow: int = 20
    redis_url: str = "redis://127.0.0.1:6379/0"
    chroma_url: str = "http://127.0.0.1:8001"

    secret_key: SecretStr | None = None
    access_token_expire_minutes: int = 30
    refresh_token_expire_days: int = 30
    flower_password: SecretStr | None = None

    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_model: str = "gpt-4o-mini"
    max_tokens: int = 1000
    temperature: float = 0.7
    context_tokens: int = 8192
    model_timeout: float = 120.0

    embedding_model: str = "all-MiniLM-L6-v2"
    chunk_size: int = 1000
    chunk_overlap: int = 150
    retrieval_limit: int = 6
    retrieval_threshold: float = 0.3

    reply_concurrency: int = 8
    dispatch_window: int = 16
    lease_seconds: float = 30.0
    heartbeat_seconds: float = 5.0
    sweep_seconds: float = 2.0
    checkpoint_seconds: float = 1.0
    max_failures: int = 4
    retry_base_seconds: float = 2.0
    reply_deadline_seconds: float = 900.0
    indexing_deadline_seconds: float = 3600.0
    result_ttl_seconds: int = 24 * 3600
    search_timeout: float = 10.0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the files that `NAME_FILE` names, each with the rank of where it is named."""
        for source in (env_settings, dotenv_settings):
            variables = cast(EnvSettingsSource, source)
            variables.env_vars = with_files(variables.env_vars, cls.model_fields)
        return init_settings, env_settings, dotenv_settings

    @field_validator("database_url", "database_admin_url")
    @classmethod
    def name_the_driver(cls, url: str | None) -> str | None:
        """Choose psycopg2, which SQLAlchemy 2.1 would not do by itself."""
        scheme, separator, rest = (url or "").partition("://")
        if scheme in ("postgres", "postgresql"):
            return f"postgresql+psycopg2{separator}{rest}"
        return url

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def split_commas(cls, value: Any) -> Any:
        """Take a list of origins separated by commas."""
        if isinstance(value, str):
            return [origin.strip() for origin in value.split(",") if origin.strip()]
        return value

    @property
    def uploads(self) -> Path:
        """Return the folder of uploaded files."""
        return (self.upload_dir or self.data_dir / "uploads").absolute()

    @property
    def admin_url(self) -> str:
        """Return the address that migrations use."""
        return self.database_admin_url or self.database_url


def with_files(
    variables: Mapping[str, str | None], names: Mapping[str, object]
) -> dict[str, str | None]:
    """Return these variables and, for each `name_file` among them, `name` with what it holds.

    An empty file counts like an empty variable: as not set. Raises `SettingsError`.
    """
    found = dict(variables)
    for name in names:
        path = variables.get(f"{name}_file")
        if path is None:
            continue
        if variables.get(name) is not None:
            raise SettingsError(f"{name.upper()} and {name.upper()}_FILE are both set: unset one")
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise SettingsError(
                f"{name.upper()}_FILE: {path} cannot be read ({why}): put the file right, or set "
                f"{name.upper()} itself"
            ) from None
        if value:
            found[name] = value
    return found


def read_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` win over the environment.

    Raises `SystemExit` with one line per bad value, since nothing can start with it.
    """
    data_dir = Path(overrides.get("data_dir") or os.environ.get("DATA_DIR") or "var")
    try:
        return Settings(_env_file=(data_dir / LOCAL_ENV, ".env"), **overrides)  # type: ignore[call-arg]  # pydantic-settings takes it, its stub does not say so
    except (SettingsError, ValidationError) as error:
        lines = [str(error)]
        if isinstance(error, ValidationError):
            lines = [
                f"{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
                for item in error.errors()
            ]
        raise SystemExit("These settings cannot be used:\n  " + "\n  ".join(lines)) from None
