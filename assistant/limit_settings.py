"""The settings of how much a user, a key or an address may have; zero is no limit."""

from pydantic_settings import BaseSettings

from assistant.reading_settings import NotNegative


class LimitSettings(BaseSettings):
    """Requests in a minute, and what one user may have or use up in all."""

    requests_per_user: NotNegative = 0
    requests_per_key: NotNegative = 0
    requests_per_address: NotNegative = 0
    max_documents_per_owner: NotNegative = 0
    max_stored_bytes_per_owner: NotNegative = 0
    max_tokens_per_day: NotNegative = 0
    max_tokens_per_month: NotNegative = 0
