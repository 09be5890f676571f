"""Settings that let in whoever guesses or looks: named, and in production refused."""

import logging
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from assistant.config import Settings

logger = logging.getLogger(__name__)

SHORTEST_KEY, SHORTEST_PASSWORD = 32, 12
# Random text of this length has more; what was typed for the time being has not.
FEWEST_CHARACTERS = 10
# What examples and templates have, and people forget to replace.
PLACEHOLDER = re.compile(
    r"change[-_ ]?(me|this|it)|replace[-_ ]?(me|this)|placeholder|your[-_ ]|example|insecure|"
    r"default|password|secret[-_ ]?key|(not|very)[-_ ]?secret|development|0123456789|abcdefgh",
    re.IGNORECASE,
)
MAKE = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'


class Weakness(NamedTuple):
    """A setting that is weak, why, and what to do."""

    name: str
    what: str
    advice: str


def weaknesses(settings: Settings) -> list[Weakness]:
    """Return what is weak of the settings that this process knows."""
    found = [
        *_key("SECRET_KEY", settings.secret_key),
        *_key("SECRET_KEY_PREVIOUS", settings.secret_key_previous),
        *_key("ENCRYPTION_KEY", settings.encryption_key),
        *_key("ENCRYPTION_KEY_PREVIOUS", settings.encryption_key_previous),
        *_password("FLOWER_PASSWORD", _value(settings.flower_password)),
        *_password("DATABASE_URL", _password_in(settings.database_url)),
        *_password("DATABASE_ADMIN_URL", _password_in(settings.database_admin_url or "")),
        *_password("REDIS_URL", _password_in(settings.redis_url)),
    ]
    if settings.debug:
        what = "DEBUG is on: logs say more than they should."
        found.append(Weakness("debug", what, "Unset DEBUG where others use this."))
    if "*" in settings.allowed_origins:
        what = "ALLOWED_ORIGINS lets every web page call the API with the credentials it has."
        found.append(Weakness("origins", what, "List the pages that need it."))
    return found


def demand_strength(settings: Settings) -> None:
    """Raise `SystemExit` in production if a setting is weak; elsewhere say so in the log."""
    found = weaknesses(settings)
    if found and settings.in_production:
        lines = "".join(f"\n  {each.name}: {each.what} {each.advice}" for each in found)
        raise SystemExit(f"With ENVIRONMENT=production this does not start:{lines}")
    for each in found:
        logger.warning("weak setting: %s: %s", each.name, each.what)


def _key(name: str, secret: SecretStr | None) -> list[Weakness]:
    value = _value(secret)
    if not value:
        return []
    if len(value) < SHORTEST_KEY:
        what = f"It has {len(value)} characters, not {SHORTEST_KEY}."
    elif len(set(value)) < FEWEST_CHARACTERS or PLACEHOLDER.search(value):
        what = "It can be guessed: it looks like one from an example."
    else:
        return []
    return [Weakness(name, what, MAKE)]


def _password(name: str, value: str) -> list[Weakness]:
    if not value:
        return []
    if len(value) < SHORTEST_PASSWORD:
        what = f"Its password has fewer than {SHORTEST_PASSWORD} characters."
    elif len(set(value)) < FEWEST_CHARACTERS // 2 or PLACEHOLDER.search(value):
        what = "Its password can be guessed: it looks like one from an example."
    else:
        return []
    return [Weakness(name, what, "Take a longer one, made at random.")]


def _value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _password_in(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""
