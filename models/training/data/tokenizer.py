"""Trains the byte-level BPE tokenizer on captions, instructions and the vocabulary: python tokenizer.py OUT.json"""

import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import captions
from backgrounds import PLAIN
from composer import Composer
from world import BACKGROUNDS, COLORS, load_concepts

LENGTH = 32


def corpus(count: int):
    for concept in load_concepts():
        for word in (concept.name, concept.plural, *concept.synonyms):
            for _ in range(30):
                yield f"a {word} of the"
    for words in ([*COLORS], [*PLAIN], BACKGROUNDS, captions.MOODS, captions.FUNCTION_WORDS):
        yield from (f"the {w} a" for w in words for _ in range(30))
    composer = Composer(11)
    for _ in range(count):
        spec = composer.describe()
        yield composer.caption(spec)
        if (found := composer.edit(spec)) is not None:
            yield found[1]


def main(out: str) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=1600, min_frequency=8, special_tokens=["<pad>", "<bos>", "<eos>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(30000), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)])
    tokenizer.enable_truncation(LENGTH)
    tokenizer.save(out)
    lengths = sorted(len(tokenizer.encode(text).ids) for text in corpus(2000))
    print(f"{tokenizer.get_vocab_size()} tokens; caption length 50 %: {lengths[len(lengths) // 2]}, 95 %: {lengths[int(len(lengths) * 0.95)]}, longest {lengths[-1]}")
    print(tokenizer.encode("A red fox in the snow, lighthouse").tokens)


if __name__ == "__main__":
    main(sys.argv[1])
