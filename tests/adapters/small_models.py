"""Embedding models without training that are made in a moment, each with modules of its own."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

from assistant.adapters.embedding import locate

LONGEST = 32


def small_model(
    folder: Path,
    pooling: str,
    *,
    normalised: bool = True,
    prompt: str = "",
    padding_side: str = "right",
) -> Path:
    """Write a model of two thin layers into a folder, and return that."""
    plain = folder.parent / "transformer"
    tokenizer = AutoTokenizer.from_pretrained(str(locate("all-MiniLM-L6-v2")))
    tokenizer.padding_side = padding_side
    tokenizer.save_pretrained(plain)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=LONGEST)
    modules = [transformer, Pooling(32, pooling_mode=pooling)]
    if normalised:
        modules.append(Normalize())
    model = SentenceTransformer(
        modules=modules, device="cpu", prompts={"own": prompt}, default_prompt_name="own"
    )
    model.save(str(folder), create_model_card=False)
    return folder
