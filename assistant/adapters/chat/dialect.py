"""Learn from a server's answers what it and its models take, for as long as this process lives."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import openai

from assistant.adapters.chat import complaints
from assistant.adapters.chat.chunks import Reading
from assistant.adapters.chat.habits import LIMITS, Habits
from assistant.adapters.chat.messages import private_words
from assistant.chat import ChatRequest

# A chat template that refuses a message is a failure of the server, in the eyes of some.
REFUSALS = (400, 413, 422, 500)
# A limit is lowered to what a prompt leaves of the window, down to one in so many parts of it.
LEAST_LEFT = 8
# No model takes fewer tokens; then the figure is another one.
LEAST_WINDOW = 100

# Whatever is asked for has a name; so many are remembered.
MOST_MODELS = 500

Body = dict[str, Any]


class Dialect:
    """What one server and its models were found to take."""

    def __init__(self) -> None:
        self._models: dict[str, Habits] = {}
        # What no model of this server takes.
        self._refused: set[str] = set()

    def habits(self, model: str) -> Habits:
        """Return what is known of a model."""
        habits = self._models.get(model)
        if habits is None:
            if len(self._models) >= MOST_MODELS:
                # People choose the names. The oldest is learnt again.
                self._models.pop(next(iter(self._models)))
            habits = self._models[model] = Habits()
        habits.refused |= self._refused
        return habits

    def forget(self) -> None:
        """Learn everything again."""
        self._models.clear()
        self._refused.clear()

    def parameters(self, request: ChatRequest) -> Body:
        """Return the body of a request, without what is known to be refused."""
        return self.habits(request.model).parameters(request)

    def learn(self, request: ChatRequest, sent: Body, error: openai.APIError) -> Body | None:
        """Remember what an error says; return what to send instead, nothing if that is the same."""
        status = error.status_code if isinstance(error, openai.APIStatusError) else 400
        if status not in REFUSALS:
            return None
        words = complaints.words_of(error, [request.model, *private_words(request.messages)])
        habits = self.habits(request.model)
        instead: Body = {}
        if complaints.TOO_LONG.search(words) or complaints.TOO_LONG_CODE.search(words):
            instead = _fitting(habits, sent, words)
        elif not _learn_roles(habits, sent, words) and status != 500:
            self._learn_parameters(habits, sent, words)
        better = {**self.parameters(request), **instead}
        return better if better != sent else None

    def hear(self, model: str, reading: Reading, *, is_done: bool) -> bool:
        """Learn from how an answer ended; return whether it is one that was cut.

        One that `is_done` without a reason is whole if this model never or seldom names one.
        """
        habits = self.habits(model)
        if reading.thoughts.closed_alone is not None:
            habits.closing = reading.thoughts.closed_alone
        elif reading.thoughts.was_wrong:
            habits.closing = None
        is_cut = reading.reason is None and (not is_done or habits.usually_finishes)
        if reading.begun and (reading.reason is not None or is_done):
            habits.finishes.append(reading.reason is not None)
        return is_cut

    def _learn_parameters(self, habits: Habits, sent: Body, words: str) -> None:
        if "stream_options" in words or "include_usage" in words:
            self._refused.add("stream_options")
        elif not _learn_limit(habits, sent, words):
            _learn_heat(habits, sent, words)


def limit_of(sent: Mapping[str, Any] | None) -> int | None:
    """Return the limit of tokens that a body has, by whichever name."""
    return next((sent[name] for name in LIMITS if name in sent), None) if sent else None


def _fitting(habits: Habits, sent: Body, words: str) -> Body:
    """Learn how large the context is; return a limit that fits beside the prompt, if any does."""
    window = complaints.figure(complaints.WINDOW, words)
    if window is None or window < LEAST_WINDOW:
        return {}
    habits.window = window
    prompt, limit = complaints.figure(complaints.PROMPT, words), limit_of(sent)
    if prompt is None or limit is None:
        return {}
    left = window - prompt
    if left >= min(limit, max(window // LEAST_LEFT, 1)):
        return {name: min(left, limit) for name in LIMITS if name in sent}
    # Then a lower limit is no help: something has to be left out of the prompt.
    return {name: sent[name] for name in LIMITS if name in sent}


def _learn_roles(habits: Habits, sent: Body, words: str) -> bool:
    """Learn which turns a model takes; return whether that was the matter."""
    if complaints.NO_SYSTEM.search(words):
        habits.no_system = True
        return True
    if not complaints.ALTERNATION.search(words):
        return False
    # Some templates say so of turns that alternate, where a system's turn comes before them.
    roles = [message.get("role") for message in sent["messages"]]
    repeat = any(one == other for one, other in pairwise(roles))
    if repeat and not habits.alternates:
        habits.alternates = True
    else:
        habits.no_system = habits.alternates = True
    return True


def _learn_limit(habits: Habits, sent: Body, words: str) -> bool:
    """Learn how many tokens a model gives, and by which name it is told; say if that was it."""
    name = next((name for name in LIMITS if name in sent), None)
    if name is None:
        return False
    most = complaints.figure(complaints.MOST_TOKENS, words)
    if most is None:
        above = complaints.figure(complaints.TOO_MANY_TOKENS, words)
        most = None if above is None else above - 1
    if most is not None and 0 < most < sent[name]:
        habits.most_tokens = most
        return True
    if any(other in words for other in LIMITS) and not complaints.OUT_OF_RANGE.search(words):
        habits.limit_names = [other for other in habits.limit_names if other != name]
        return True
    return False


def _learn_heat(habits: Habits, sent: Body, words: str) -> None:
    if "temperature" not in sent or "temperature" not in words.lower():
        return
    if "top_p" in words and "top_p" in sent:
        habits.refused.add("top_p")
        return
    most = complaints.number(complaints.MOST_HEAT, words)
    if most is not None and most < sent["temperature"]:
        habits.most_heat = most
    elif sent["temperature"] <= 0 and complaints.NO_ZERO_HEAT.search(words):
        habits.least_heat = 0.01
    else:
        habits.refused.add("temperature")
