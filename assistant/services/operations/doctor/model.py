"""The language model: does its server answer, and does it offer what is configured?"""

import time

from assistant.chat import ChatRequest
from assistant.errors import PermanentError
from assistant.extensions import adapters, settings
from assistant.services.operations.doctor.finding import Finding, fail, ok, place, warn

NAME = "language model"
ANSWERS = "answers"
ANSWER_SECONDS = 60.0
SHOWN = 5


def check_model(*, deep: bool) -> list[Finding]:
    """Ask the server for its models and, if `deep`, for a few words."""
    if not settings.has_model:
        return [
            fail(
                NAME,
                "Neither OPENAI_BASE_URL nor OPENAI_API_KEY is set, so nobody would answer.",
                "Set one of them. `flask local up` starts a small model of its own without them.",
            )
        ]
    found = _offered()
    if deep and found.status != "FAIL":
        return [found, _answers()]
    return [found]


def check_answers() -> list[Finding]:
    """Say who answers from documents where no model is named, and what when the model is down."""
    if settings.answers_by_extraction:
        why = "ANSWER_DOCUMENTS" if settings.answer_documents else "no model is configured"
        return [ok(ANSWERS, f"Documents answer verbatim, without a model ({why}).")]
    detail = f"{settings.openai_model} answers from documents"
    if settings.extractive_when_model_is_down:
        return [ok(ANSWERS, f"{detail}; they answer verbatim while it is down.")]
    return [ok(ANSWERS, f"{detail}; while it is down, replies are tried again and then fail.")]


def _offered() -> Finding:
    where = place(settings.openai_base_url or "https://api.openai.com/v1")
    model = settings.openai_model
    try:
        offered = adapters.model_list.ids()
    except PermanentError as error:
        if error.code != "model_bad_answer":
            advice = "Start the server, or correct OPENAI_BASE_URL and its key."
            return fail(NAME, error.detail, advice)
        offered = []
    if not offered:
        detail = f"{where} answers, but lists no models."
        return warn(NAME, detail, "See whether it answers: flask doctor --deep")
    if model not in offered:
        names = ", ".join(offered[:SHOWN]) + (", …" if len(offered) > SHOWN else "")
        return fail(
            NAME,
            f"{where} does not offer {model}, but {names}.",
            "Set OPENAI_MODEL to one of these.",
        )
    return ok(NAME, f"{where} offers {model}.")


def _answers() -> Finding:
    began = time.monotonic()
    request = ChatRequest(
        messages=[("user", "Say hello.")],
        model=settings.openai_model,
        temperature=0.0,
        max_tokens=8,
        timeout=ANSWER_SECONDS,
    )
    try:
        stream = adapters.chat_model.stream(request)
        text = "".join(stream)
    except PermanentError as error:
        return fail("answer", error.detail, "Look at the log of the model's server.")
    seconds = time.monotonic() - began
    if not text.strip():
        detail = f"{stream.model} answered with nothing in {seconds:.1f} s."
        return warn("answer", detail, "A model that thinks first may need more than 8 tokens.")
    return ok("answer", f"{stream.model} answered in {seconds:.1f} s.")
