"""People who play stories at the same time, for as long as they are let."""

import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from benchmarks.beside import accounts, papers, replies
from benchmarks.beside.people import Broken, Web
from benchmarks.beside.scene import Cast, Scene

Story = Callable[[Scene], None]
Pair = tuple[Web, Web]

AT_ONCE = 6
STORIES: tuple[Story, ...] = (*accounts.STORIES, *replies.STORIES, *papers.STORIES)
# Longer than any story waits for anything.
REST_SECONDS = 600.0


class Crowd:
    """Threads that take one story after the other, each between some pair of web processes."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast = cast
        self.played: Counter[tuple[str, str, str]] = Counter()
        self.broken: list[str] = []
        self._random = Random(seed)
        self._pairs: Sequence[Pair] = ()
        self._program: list[tuple[Story, Pair]] = []
        self._first: set[tuple[Story, Pair]] = set()
        self._on_stage = 0
        self._over = False
        self._changed = threading.Condition()
        for _ in range(AT_ONCE):
            threading.Thread(target=self._play, daemon=True).start()

    def go_on(self, *pairs: Pair, once: Sequence[Story] = ()) -> None:
        """Play each story between each of these pairs, again and again; some only `once`."""
        with self._changed:
            self._pairs = pairs
            self._program = [(story, pair) for story in (*STORIES, *once) for pair in pairs]
            self._random.shuffle(self._program)
            self._first = set(self._program)
            self._changed.notify_all()

    def has_played_all(self) -> bool:
        """Return whether each story has come to its end between each of these pairs."""
        return not self._first

    def rest(self) -> None:
        """Begin no more stories, and return when those that were begun are over."""
        with self._changed:
            self._pairs = ()
            if not self._changed.wait_for(lambda: not self._on_stage, REST_SECONDS):
                self.broken.append(f"{self._on_stage} stories did not come to an end")

    def leave(self) -> None:
        """Play nothing any more, whatever is on stage."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _next(self) -> tuple[Story, Pair]:
        if not self._program:
            self._program = [(story, pair) for story in STORIES for pair in self._pairs]
            self._random.shuffle(self._program)
        return self._program.pop()

    def _play(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pairs or self._over)
                if self._over:
                    return
                story, (here, there) = self._next()
                self._on_stage += 1
            self._act(story, Scene(here, there, self.cast))
            with self._changed:
                self._on_stage -= 1
                self._first.discard((story, (here, there)))
                self._changed.notify_all()

    def _act(self, story: Story, scene: Scene) -> None:
        try:
            story(scene)
        except Broken as broken:
            self._tell(story, scene, str(broken))
        except Exception:
            self._tell(story, scene, traceback.format_exc())
        else:
            self.played[story.__name__, scene.here.release, scene.there.release] += 1

    def _tell(self, story: Story, scene: Scene, words: str) -> None:
        if not self._over:
            where = f"{scene.here.release} to {scene.there.release}"
            self.broken.append(f"{story.__name__}, {where}: {words}")
            print(f"BROKEN {self.broken[-1]}", flush=True)
