"""The adapters that the settings ask for, each made when it is first used."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

from assistant.adapters.files import UploadFolder
from assistant.adapters.importing import one_at_a_time
from assistant.adapters.model_access import ModelAccess
from assistant.config import Settings
from assistant.ports import (
    ChatModel,
    DocumentParser,
    EmbeddingModel,
    Fetcher,
    ModelList,
    Splitter,
    Unpacker,
    VectorStore,
)

# The imports are inside the functions on purpose: a web process must never load torch, chromadb
# or the openai SDK.

Made = TypeVar("Made")


class made_once(Generic[Made]):
    """A property that is made by the first who asks; others who ask for any of them wait."""

    def __init__(self, make: Callable[["Adapters"], Made]) -> None:
        self._make = make
        self._name = make.__name__

    def __get__(self, adapters: "Adapters", owner: type["Adapters"]) -> Made:
        # Found here, it hides this property from then on.
        made = vars(adapters)
        with one_at_a_time:
            if self._name not in made:
                made[self._name] = self._make(adapters)
        return cast(Made, made[self._name])


class Adapters:
    """Models, vectors, parser and files behind their ports."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def make_all(self) -> None:
        """Make and import what jobs use, so that none of them has to.

        The embedding model is not loaded by that: it may have to be fetched first.
        """
        with one_at_a_time:
            for name, member in vars(type(self)).items():
                if isinstance(member, made_once):
                    getattr(self, name)
            self.splitter(size=1000, overlap=0)

    @made_once
    def files(self) -> UploadFolder:
        """Return where uploads are kept."""
        return UploadFolder(self._settings.uploads)

    @made_once
    def chat_model(self) -> ChatModel:
        """Return the language model's server."""
        from assistant.adapters.chat import OpenAIChat

        return OpenAIChat(self.model_access.url, self.model_access.key)

    @made_once
    def model_list(self) -> ModelList:
        """Return what knows the models that may be asked for."""
        from assistant.adapters.model_list import HttpModelList

        return HttpModelList(self.model_access)

    @made_once
    def model_access(self) -> ModelAccess:
        """Return where the language model's server is."""
        key = self._settings.openai_api_key
        return ModelAccess.of(
            self._settings.openai_base_url, key.get_secret_value() if key else None
        )

    @made_once
    def embedding_model(self) -> EmbeddingModel:
        """Return the model that turns text into vectors."""
        from assistant.adapters.converted.choice import FastestModel
        from assistant.adapters.embedding import SentenceTransformerModel

        name, backend = self._settings.embedding_model, self._settings.embedding_backend
        if backend == "torch":
            return SentenceTransformerModel(name)
        return FastestModel(name, self._settings.models, converted_only=backend == "openvino")

    @made_once
    def vector_store(self) -> VectorStore:
        """Return the index of vectors."""
        from assistant.adapters.chroma import ChromaStore

        return ChromaStore(self._settings.chroma_url)

    @made_once
    def parser(self) -> DocumentParser:
        """Return what reads text out of files."""
        from assistant.adapters.documents.parser import SubprocessParser

        return SubprocessParser()

    @made_once
    def fetcher(self) -> Fetcher:
        """Return what fetches pages of the web."""
        from assistant.adapters.fetching import Guard, GuardedFetcher

        settings = self._settings
        guard = Guard(settings.fetch_private_hosts)
        return GuardedFetcher(guard, timeout=settings.fetch_timeout, limit=settings.max_file_size)

    @made_once
    def unpacker(self) -> Unpacker:
        """Return what takes attachments out of mails."""
        from assistant.adapters.documents.unpacking import SubprocessUnpacker

        return SubprocessUnpacker()

    def splitter(self, size: int, overlap: int, *, to_embed: bool = False) -> Splitter:
        """Return a splitter for chunks of this size, in characters.

        With `to_embed` no chunk has more tokens than the embedding model reads, which it loads.
        """
        with one_at_a_time:
            from assistant.adapters.splitting import RecursiveSplitter

        model = self.embedding_model if to_embed else None
        return RecursiveSplitter(size=size, overlap=overlap, model=model)
