"""The adapters that the settings ask for, each made when it is first used."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from assistant.adapters.files import UploadFolder
from assistant.adapters.importing import one_at_a_time
from assistant.adapters.model_access import ModelAccess, endpoint_access
from assistant.adapters.page_cache import PageCache
from assistant.adapters.sealing import Sealing
from assistant.chat import Providers
from assistant.config import Settings
from assistant.pieces import Splitter
from assistant.ports import (
    ChatModel,
    DocumentParser,
    EmbeddingModel,
    ModelList,
    PageArtist,
    Reranker,
    VectorStore,
)
from assistant.recognition import PageRecogniser
from assistant.retrieval_settings import ENDPOINT
from assistant.sources import Fetcher, Unpacker

if TYPE_CHECKING:
    from assistant.adapters.model_calls import HttpModelCalls

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

    def __init__(self, settings: Settings, providers: Providers | None = None) -> None:
        self._settings = settings
        self._providers = providers
        self._encoders: dict[tuple[str, str | None], EmbeddingModel] = {}

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
    def page_cache(self) -> PageCache:
        """Return where pictures of pages are kept for a while."""
        return PageCache(self._settings.page_images, self._settings.page_cache_size)

    @made_once
    def chat_model(self) -> ChatModel:
        """Return the language model's server."""
        from assistant.adapters.chat import OpenAIChat
        from assistant.adapters.routed import RoutedChat

        default = OpenAIChat(self.model_access.url, self.model_access.key)
        return RoutedChat(default, self._providers, OpenAIChat)

    @made_once
    def sealing(self) -> Sealing:
        """Return what seals the keys of model servers."""
        return Sealing(self._settings.encryption_keys)

    @made_once
    def model_list(self) -> ModelList:
        """Return what knows the models that may be asked for."""
        from assistant.adapters.model_list import HttpModelList

        return HttpModelList(self.model_access)

    @made_once
    def model_calls(self) -> "HttpModelCalls":
        """Return what passes requests on to the language model's server."""
        from assistant.adapters.model_calls import HttpModelCalls

        return HttpModelCalls(self.model_access, self._settings.model_timeout)

    @made_once
    def model_access(self) -> ModelAccess:
        """Return where the language model's server is."""
        key = self._settings.openai_api_key
        return ModelAccess.of(
            self._settings.openai_base_url, key.get_secret_value() if key else None
        )

    @made_once
    def embedding_model(self) -> EmbeddingModel:
        """Return the model that turns text into vectors, by today's settings."""
        return self._made_encoder(self._settings.encoder, None)

    def encoder(self, name: str, address: str | None = None) -> EmbeddingModel:
        """Return the model that an index was made with; `address` is where its endpoint was.

        Whether it still can be used shows when it is.
        """
        if name == self.embedding_model.name:
            return self.embedding_model
        with one_at_a_time:
            if (name, address) not in self._encoders:
                self._encoders[name, address] = self._made_encoder(name, address)
            return self._encoders[name, address]

    def _made_encoder(self, name: str, address: str | None) -> EmbeddingModel:
        if name.startswith(ENDPOINT):
            return self._endpoint(name, address)
        from assistant.adapters.converted.choice import FastestModel
        from assistant.adapters.embedding import SentenceTransformerModel

        backend = self._settings.embedding_backend
        if backend == "torch":
            return SentenceTransformerModel(name)
        return FastestModel(name, self._settings.models, converted_only=backend == "openvino")

    @made_once
    def reranker(self) -> Reranker | None:
        """Return what puts passages in order, or None if the operator has none."""
        from assistant.adapters.reranking import RerankServer

        settings, key = self._settings, self._settings.rerank_api_key
        if settings.rerank_url is None:
            return None
        access = ModelAccess.of(settings.rerank_url, key.get_secret_value() if key else None)
        return RerankServer(access, settings.rerank_model, settings.rerank_timeout)

    def _endpoint(self, name: str, address: str | None) -> EmbeddingModel:
        from assistant.adapters.endpoint.model import EndpointModel, Limits

        settings = self._settings
        limits = Limits(
            settings.embedding_window,
            settings.embedding_batch,
            settings.embedding_timeout,
            settings.embedding_tokenizer,
        )
        access = endpoint_access(settings, address)
        return EndpointModel(name, name.removeprefix(ENDPOINT), access, limits)

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
    def page_artist(self) -> PageArtist:
        """Return what draws pages of files."""
        from assistant.adapters.documents.rendering import SubprocessArtist

        return SubprocessArtist()

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

    @made_once
    def recogniser(self) -> PageRecogniser | None:
        """Return what recognises text in pictures, or None if nothing here does or may."""
        from assistant.adapters.ocr.engines import find_engine
        from assistant.adapters.ocr.languages import languages_of
        from assistant.adapters.ocr.recogniser import SandboxedRecogniser

        wanted = languages_of(self._settings.ocr_languages)
        engine = find_engine(self._settings.ocr_engine, wanted)
        if engine is None:
            return None
        return SandboxedRecogniser(engine, self._settings.ocr_page_seconds)

    def splitter(self, size: int, overlap: int, *, model: EmbeddingModel | None = None) -> Splitter:
        """Return a splitter for chunks of this size, in characters.

        With a `model`, which is loaded, sizes are its tokens, and no chunk has more than it reads.
        """
        with one_at_a_time:
            from assistant.adapters.splitting import StructuredSplitter

        return StructuredSplitter(size=size, overlap=overlap, model=model)
