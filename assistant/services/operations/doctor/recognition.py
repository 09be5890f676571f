"""Whether text in pictures of pages can be recognised here, and in which languages."""

from assistant.adapters.ocr.engines import find_tesseract
from assistant.adapters.ocr.languages import languages_of
from assistant.extensions import adapters, settings
from assistant.services.operations.doctor.finding import Finding, ok, warn

NAME = "text recognition"
INSTALL = (
    "Where workers index, install tesseract-ocr and a package for each language, such as "
    "tesseract-ocr-chi-sim, or requirements-ocr.txt; or set OCR_ENGINE=off."
)


def check_recognition() -> list[Finding]:
    """See which engine reads scans, and whether it has the languages that are asked for."""
    if settings.ocr_engine == "off":
        return [ok(NAME, "It is off (OCR_ENGINE): pages that are pictures are not read.")]
    recogniser = adapters.recogniser
    if recogniser is None:
        wish = settings.ocr_engine
        what = "Nothing recognises text" if wish == "auto" else f"{wish} is not here"
        return [warn(NAME, f"{what}, so scans cannot be read.", INSTALL)]
    wanted = languages_of(settings.ocr_languages)
    tesseract = find_tesseract(wanted)
    if tesseract is not None and recogniser.name == tesseract.name:
        missing = sorted(set(wanted) - set(tesseract.languages))
        if missing:
            what = f"OCR_LANGUAGES names what tesseract does not have: {', '.join(missing)}."
            advice = "Install a package such as tesseract-ocr-deu for each, or correct the setting."
            return [warn(NAME, what, advice)]
    return [ok(NAME, f"Scans are read by {recogniser.name}.")]
