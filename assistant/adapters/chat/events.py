"""The events of a streamed answer."""

from collections.abc import AsyncIterator

from openai import AsyncStream
from openai._streaming import ServerSentEvent

DONE = "[DONE]"


class EventStream(AsyncStream[object]):
    """The SDK's stream of chunks, which also says whether the server has said that it `is_done`."""

    is_done = False

    async def _iter_events(self) -> AsyncIterator[ServerSentEvent]:
        async for event in super()._iter_events():
            self.is_done = self.is_done or event.data.startswith(DONE)
            yield event
