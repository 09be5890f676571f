"""Every setting once, with its environment name and default."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from assistant import addresses
from assistant.key_settings import KeySettings
from assistant.limit_settings import LimitSettings
from assistant.reading_settings import AtLeastOne, NotNegative, Positive, ReadingSettings
from assistant.retrieval_settings import RetrievalSettings
from assistant.run_settings import of_run
from assistant.value_files import with_files

# The name, among those of models, by which answers are asked for that need no model.
EXTRACTIVE = "extractive"

# A hundred years; PostgreSQL knows no spans much longer than that. Zero is for ever.
Days = Annotated[float, Field(ge=0, le=36_500)]
Port = Annotated[int, Field(ge=1, le=addresses.HIGHEST_PORT)]


class Settings(KeySettings, ReadingSettings, RetrievalSettings, LimitSettings, BaseSettings):
    """What the environment says; a field's upper-case name is its variable.

    Read from the environment, then from what a local run in `DATA_DIR` was told, while it runs,
    then from `.env`. For each variable `NAME` there may be `NAME_FILE` instead, the path of a file
    that holds the value: this is how containers and systemd hand out secrets.
    """

    model_config = SettingsConfigDict(
        case_sensitive=False, env_ignore_empty=True, extra="ignore", frozen=True
    )

    app_name: str = "Assistant"
    environment: str = ""
    debug: bool = False
    log_format: Literal["auto", "text", "json"] = "auto"
    port: Port = 8000
    host: str = "127.0.0.1"
    flower_address: str = "127.0.0.1"
    flower_port: Port = 5555
    web_workers: AtLeastOne = 2
    proxy_hops: int | None = Field(default=None, ge=0, le=10)
    web_memory_limit: int = Field(default=384 * 1024 * 1024, ge=64 * 1024 * 1024)
    allowed_origins: Annotated[list[str], NoDecode] = []
    public_url: str | None = None

    data_dir: Path = Path("var")
    upload_dir: Path | None = None
    model_dir: Path | None = None
    max_file_size: AtLeastOne = 100 * 1024 * 1024

    database_url: str = "postgresql+psycopg2://127.0.0.1:5432/assistant"
    database_admin_url: str | None = None
    db_pool_size: AtLeastOne = 10
    db_max_overflow: NotNegative = 20
    redis_url: str = "redis://127.0.0.1:6379/0"
    chroma_url: str = "http://127.0.0.1:8001"

    access_token_expire_minutes: AtLeastOne = 30
    refresh_token_expire_days: AtLeastOne = 30
    registration: Literal["open", "closed", "invitation"] = "open"
    flower_password: SecretStr | None = None

    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_model: str = "gpt-4o-mini"
    max_tokens: int = Field(default=1000, ge=1, le=128_000)
    temperature: float = Field(default=0.7, ge=0, le=2)
    context_tokens: int = Field(default=8192, ge=256)
    model_timeout: Positive = 120.0
    max_model_calls: AtLeastOne = 200
    max_model_calls_per_user: AtLeastOne = 20

    answer_documents: Literal["model", "extractive"] | None = None
    extractive_when_model_is_down: bool = False

    reply_concurrency: AtLeastOne = 8
    indexing_concurrency: AtLeastOne = 3
    dispatch_window: AtLeastOne = 16
    lease_seconds: Positive = 30.0
    heartbeat_seconds: Positive = 5.0
    sweep_seconds: Positive = 2.0
    checkpoint_seconds: Positive = 1.0
    max_failures: AtLeastOne = 6
    retry_base_seconds: Positive = 2.0
    reply_deadline_seconds: Positive = 900.0
    indexing_deadline_seconds: Positive = 3600.0
    evaluation_deadline_seconds: Positive = 6 * 3600.0
    result_ttl_seconds: AtLeastOne = 24 * 3600
    max_open_jobs_per_owner: AtLeastOne = 500
    max_served_jobs_per_owner: AtLeastOne = 100
    max_indexing_jobs_per_owner: AtLeastOne = 2
    max_open_jobs: AtLeastOne = 10_000
    worker_stall_seconds: Positive = 60.0
    stuck_seconds: Positive = 120.0
    idempotency_hours: Positive = 48.0
    job_retention_days: Days = 90.0
    session_retention_days: Days = 30.0
    conversation_retention_days: Days = 0.0
    evaluation_retention_days: Days = 0.0
    audit_retention_days: Days = 0.0
    upkeep_seconds: Positive = 10.0
    max_followers: AtLeastOne = 5000
    max_sockets_per_user: AtLeastOne = 20
    crash_points: Path | None = None
    page_timeout: Positive = 15.0
    page_cache_size: int = Field(default=256 * 1024 * 1024, ge=64 * 1024 * 1024)

    fetch_pages: bool = False
    fetch_private_hosts: Annotated[list[str], NoDecode] = []
    fetch_timeout: Positive = 30.0

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
        """Demand an address of PostgreSQL, and choose the driver."""
        return addresses.postgres(url) if url is not None else None

    @field_validator("redis_url")
    @classmethod
    def lead_to_redis(cls, url: str) -> str:
        """Demand an address that Celery and Redis' own client read alike."""
        return addresses.redis(url)

    public_address = field_validator("public_url")(addresses.public)
    chroma_address = field_validator("chroma_url")(addresses.chroma)

    @field_validator("openai_base_url")
    @classmethod
    def lead_to_a_web_server(cls, url: str | None) -> str | None:
        """Demand an address with a scheme and a host."""
        return addresses.http(url) if url is not None else None

    @field_validator("allowed_origins", "fetch_private_hosts", mode="before")
    @classmethod
    def split_commas(cls, value: Any) -> Any:
        """Take a list separated by commas."""
        if isinstance(value, str):
            return [origin.strip() for origin in value.split(",") if origin.strip()]
        return value

    @field_validator("allowed_origins")
    @classmethod
    def demand_whole_origins(cls, listed: list[str]) -> list[str]:
        """Refuse what would let in more than it says."""
        return addresses.origins(listed)

    @field_validator("fetch_private_hosts")
    @classmethod
    def demand_hosts(cls, listed: list[str]) -> list[str]:
        """Refuse what is no host."""
        return addresses.hosts(listed)

    @model_validator(mode="after")
    def fit_together(self) -> Self:
        """Refuse values that are in each other's way."""
        if self.heartbeat_seconds >= self.lease_seconds / 2:
            raise ValueError("HEARTBEAT_SECONDS should be less than half of LEASE_SECONDS")
        return self

    @model_validator(mode="after")
    def drill_only_in_drills(self) -> Self:
        """Refuse to let processes die on purpose where that is not what everybody wants."""
        if self.crash_points is not None and not self.debug:
            raise ValueError("CRASH_POINTS is for drills alone: unset it (or set DEBUG, too)")
        return self

    @property
    def in_production(self) -> bool:
        """Return whether weak settings are refused."""
        return self.environment.strip().lower() == "production"

    @property
    def uploads(self) -> Path:
        """Return the folder of uploaded files."""
        return (self.upload_dir or self.data_dir / "uploads").absolute()

    @property
    def page_images(self) -> Path:
        """Return the folder of pictures of pages, which whoever sees the uploads sees."""
        return self.uploads / "pages"

    @property
    def models(self) -> Path:
        """Return the folder of converted models."""
        return (self.model_dir or self.data_dir / "models" / "converted").absolute()

    @property
    def has_model(self) -> bool:
        """Return whether a language model was configured, as the bundled one is by local runs."""
        return self.openai_base_url is not None or self.openai_api_key is not None

    @property
    def answers_by_extraction(self) -> bool:
        """Return whether documents answer verbatim where nobody asks for a model.

        They do where no model was configured; a local run says so by itself, since it leads to the
        bundled one.
        """
        if self.answer_documents is None:
            return not self.has_model
        return self.answer_documents == EXTRACTIVE

    @property
    def admin_url(self) -> str:
        """Return the address that migrations use."""
        return self.database_admin_url or self.database_url


def read_settings(*, beside_run: bool = True, **overrides: Any) -> Settings:
    """Read the settings; `overrides` win over the environment.

    Without `beside_run`, what a local run was told counts for nothing. Raises `SystemExit` with one
    line per bad value, since nothing can start with it.
    """
    data_dir = Path(overrides.get("data_dir") or os.environ.get("DATA_DIR") or "var")
    told = of_run(data_dir, Settings.model_fields) if beside_run else {}
    try:
        return Settings(_env_file=".env", **{**told, **overrides})  # type: ignore[call-arg]  # pydantic-settings takes it, its stub does not say so
    except (SettingsError, ValidationError) as error:
        lines = error.errors() if isinstance(error, ValidationError) else [str(error)]
        said = "".join(f"\n  {_line(line)}" for line in lines)
        raise SystemExit(f"These settings cannot be used:{said}") from None


def _line(said: Any) -> str:
    """Return what is wrong in one line; the value itself may be a secret."""
    if isinstance(said, str):
        return said
    words: str = said["msg"].removeprefix("Value error, ")
    return f"{str(said['loc'][0]).upper()}: {words}" if said["loc"] else words
