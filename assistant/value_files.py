"""Settings whose values are in files."""

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import SettingsError


def with_files(
    variables: Mapping[str, str | None], names: Mapping[str, object]
) -> dict[str, str | None]:
    """Return these variables and, for each `name_file` among them, `name` with what it holds.

    An empty file counts like an empty variable: as not set, so that `name` itself counts beside it.
    Raises `SettingsError`.
    """
    found = dict(variables)
    for name in names:
        path = variables.get(f"{name}_file")
        if path is None:
            continue
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise SettingsError(
                f"{name.upper()}_FILE: {path} cannot be read ({why}): put the file right, or set "
                f"{name.upper()} itself"
            ) from None
        if value and variables.get(name) is not None:
            raise SettingsError(f"{name.upper()} and {name.upper()}_FILE are both set: unset one")
        if value:
            found[name] = value
    return found
