"""A language model of two layers with its own small vocabulary, and questions to tune it on."""

import json
from pathlib import Path

WORDS = ("revenue", "profit", "cash", "debt", "freight", "leases", "grants", "audits", "tariffs", "refunds")
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_model(folder: Path) -> Path:
    """Write a randomly initialised Llama with a byte-level tokenizer trained on its own few sentences."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    sentences = [line for number in range(6) for line in (context(number), *map(question, WORDS))]
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=special, initial_alphabet=alphabet)
    raw.train_from_iterator(sentences, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<|im_end|>")
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, eos_token_id=2, pad_token_id=0,
        bos_token_id=None, initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def context(number: int) -> str:
    return "Figures. " + ". ".join(f"The {word} was {number + at} million" for at, word in enumerate(WORDS[:5]))


def question(word: str) -> str:
    return f"What was the {word}?"


def write_data(file: Path, contexts: int = 4, first: int = 0) -> Path:
    """Contexts with one to four questions each."""
    lines = []
    for number in range(first, first + contexts):
        asked = list(enumerate(WORDS))[: 1 + number % 4]
        turns = [{"question": question(word), "answer": f"It was {number + at} million."} for at, word in asked]
        lines.append(json.dumps({"context": context(number), "turns": turns}))
    file.write_text("\n".join(lines) + "\n")
    return file
