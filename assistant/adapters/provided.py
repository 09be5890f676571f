"""The adapters that the settings ask for, each made when it is first used."""

from functools import cached_property

from assistant.adapters.files import UploadFolder
from assistant.adapters.model_access import ModelAccess
from assistant.config import Settings
from assistant.ports import (
    ChatModel,
    DocumentParser,
    EmbeddingModel,
    ModelList,
    Splitter,
    VectorStore,
)

# The imports are inside the functions on purpose: a web process must never load torch, chromadb
# or the openai SDK, and a worker only what its queue needs.


class Adapters:
    """Models, vectors, parser and files behind their ports."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def files(self) -> UploadFolder:
        """Return where uploads are kept."""
        return UploadFolder(self._settings.uploads)

    @cached_property
    def chat_model(self) -> ChatModel:
        """Return the language model's server."""
        from assistant.adapters.chat import OpenAIChat

        return OpenAIChat(self.model_access.url, self.model_access.key)

    @cached_property
    def model_list(self) -> ModelList:
        """Return what knows the models that may be asked for."""
        from assistant.adapters.model_list import HttpModelList

        return HttpModelList(self.model_access)

    @cached_property
    def model_access(self) -> ModelAccess:
        """Return where the language model's server is."""
        key = self._settings.openai_api_key
        return ModelAccess.of(
            self._settings.openai_base_url, key.get_secret_value() if key else None
        )

    @cached_property
    def embedding_model(self) -> EmbeddingModel:
        """Return the model that turns text into vectors."""
        from assistant.adapters.embedding import SentenceTransformerModel

        return SentenceTransformerModel(self._settings.embedding_model)

    @cached_property
    def vector_store(self) -> VectorStore:
        """Return the index of vectors."""
        from assistant.adapters.chroma import ChromaStore

        return ChromaStore(self._settings.chroma_url)

    @cached_property
    def parser(self) -> DocumentParser:
        """Return what reads text out of files."""
        from assistant.adapters.documents.parser import SubprocessParser

        return SubprocessParser()

    def splitter(self, size: int, overlap: int) -> Splitter:
        """Return a splitter for chunks of this size, in characters."""
        from assistant.adapters.splitting import RecursiveSplitter

        return RecursiveSplitter(size=size, overlap=overlap)
