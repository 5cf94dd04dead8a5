import numpy as np

from doubtcli.evidence import duplicates as module
from doubtcli.evidence.duplicates import find_copies, find_duplicates
from doubtcli.features.table import TableBlock
from doubtcli.features.text import make_text_block
from doubtcli.features.text_pair import TextPairBlock
from doubtcli.records import Features


def duplicates(texts):
    """The rows of each group, and the duplicates as they were found."""
    found = find_duplicates(Features((make_text_block(texts),)))
    return [
        sorted(np.flatnonzero(found.groups == group).tolist()) for group in np.unique(found.groups)
    ], found


class TestDuplicates:
    """Which rows have the same input."""

    def test_case_punctuation_and_white_space_do_not_count(self):
        """The text "Card lost!" equals "card  lost", and "card found" does not."""
        groups, _ = duplicates(["Card lost!", "card  lost", "card found"])

        assert groups == [[0, 1], [2]]

    def test_one_word_in_ten_makes_a_near_duplicate(self):
        """Nine common words of eleven distinct ones are a similarity of .82."""
        shared = "the card that i ordered last month did not arrive"
        filler = [f"{word} is something else entirely for row {word}" for word in "abcdefghijklmnopqrs"]

        groups, _ = duplicates([f"{shared} today", f"{shared} yesterday", *filler])

        assert groups[0] == [0, 1]

    def test_short_texts_are_duplicates_only_if_equal(self):
        """The texts "not good at all" and "good at all" share three of four words, and mean the opposite."""
        groups, _ = duplicates(["good at all", "not good at all", "x", "y"])

        assert groups == [[0], [1], [2], [3]]

    def test_near_duplicates_do_not_chain(self):
        """Each member is similar to the first one, so texts that change step by step are not one group."""
        words = [f"w{i}" for i in range(40)]
        drift = [" ".join(words[start : start + 20]) for start in range(0, 20, 2)]
        filler = [f"x{i} y{i} z{i} q{i} r{i}" for i in range(200)]

        groups, _ = duplicates(drift + filler)

        for group in groups:
            sets = [set(([*drift, *filler])[row].split()) for row in group]
            assert all(len(sets[0] & other) / len(sets[0] | other) >= 0.8 for other in sets)
        assert len(groups[0]) < len(drift)

    def test_rows_are_compared_a_few_at_a_time(self, monkeypatch):
        """Blocks of two rows give the same groups as one block, also with empty and equal texts between."""
        words = [f"w{i}" for i in range(40)]
        drift = [" ".join(words[start : start + 20]) for start in range(0, 20, 2)]
        texts = [
            *(text for one in drift for text in (one, "", "a b")),
            *(f"x{i} y{i} z{i} q{i}" for i in range(90)),
        ]

        whole, _ = duplicates(texts)
        monkeypatch.setattr(module, "_AT_ONCE", 2)

        assert duplicates(texts)[0] == whole
        assert any(len({texts[row] for row in group}) > 1 for group in whole)

    def test_instead_of_a_huge_group_only_exact_duplicates_are_grouped(self, sentences):
        """A group of half of all rows would make the folds uneven, and a note says so."""
        template = "your order number {} has been shipped and will arrive on monday"
        texts = [template.format(i) for i in range(30)] + [f"a{i} b{i} c{i} d{i}" for i in range(30)]

        groups, found = duplicates(texts)

        assert len(groups) == 60
        sentences.check(found.note)

    def test_equal_table_rows_are_duplicates(self):
        """Equal values are the same input; next to a short text they must be equal, too."""
        dense = np.array([[1, 2], [1, 2], [1, 3]], dtype=np.float32)

        alone = find_duplicates(Features((TableBlock(dense),))).groups
        with_text = find_duplicates(Features((make_text_block(["a", "b", "a"]), TableBlock(dense)))).groups

        assert alone.tolist() == [0, 0, 1]
        assert with_text.tolist() == [0, 1, 2]

    def test_texts_without_words_are_compared_as_they_are(self):
        """Punctuation equals only the same punctuation; empty texts equal each other."""
        groups, _ = duplicates(["!!!", "???", "!!!", "", ""])

        assert groups == [[0, 2], [1], [3, 4]]

    def test_rows_with_the_same_long_text_are_duplicates(self):
        """With four words or more, another price does not make it another input."""
        dense = np.array([[1.0], [2.0]], dtype=np.float32)
        texts = ["this lamp flickers badly", "This lamp flickers badly."]

        found = find_duplicates(Features((make_text_block(texts), TableBlock(dense))))

        assert found.groups.tolist() == [0, 0]

    def test_rows_with_empty_texts_are_not_duplicates(self):
        """A column of comments that is mostly empty does not make duplicates of different rows."""
        dense = np.arange(4, dtype=np.float32)[:, None]
        texts = ["", "", "", "fine"]

        found = find_duplicates(Features((make_text_block(texts), TableBlock(dense))))

        assert found.groups.tolist() == [0, 1, 2, 3]

    def test_tokens_of_several_blocks_are_compared_together(self):
        """Nine of eleven words are common in both texts of a row together, not in each of them."""
        shared = ["the", "card", "that", "i", "ordered", "last", "month", "did", "not", "arrive"]
        first, second = " ".join(shared[:5]), " ".join(shared[5:])
        filler = [f"{word} is something else entirely for row {word}" for word in "abcdefghijklmnopqrs"]
        left = make_text_block([first, first, *filler])
        right = make_text_block([f"{second} today", f"{second} yesterday", *filler])

        found = find_duplicates(Features((left, right)))

        assert found.groups[:3].tolist() == [0, 0, 2]


def paired(*rows):
    """The groups of pairs of texts, and of some other ones."""
    filler = [
        (f"{word} is something else entirely for {word}", f"and {word} is too") for word in "abcdefghijk"
    ]
    left, right = zip(*rows, *filler, strict=True)
    n_rows, blocks = len(left), (make_text_block(left), make_text_block(right))
    pair = TextPairBlock(
        np.zeros((n_rows, 1), dtype=np.float32),
        ("none",),
        (blocks[0].tokens, blocks[1].tokens),
        np.arange(n_rows),
    )
    both = make_text_block([f"{one} \n {other}" for one, other in zip(left, right, strict=True)])
    return find_duplicates(Features((both, pair))).groups[: len(rows)].tolist()


def test_pairs_that_share_one_side_are_no_duplicates():
    """Of two pairs, ten words of eleven are the same, but one side is another product."""
    lamp = "a red lamp of steel with a long cable and a switch"

    assert paired((lamp, "desk light"), (lamp, "table light")) == [0, 1]
    assert paired((lamp, "desk light"), (f"{lamp}!", "Desk light")) == [0, 0]


def test_pairs_with_two_nearly_equal_sides_are_duplicates():
    """Each side has ten words of eleven in common."""
    lamp = "a red lamp of steel with one long cable and switch"
    light = "our new light for your desk at home or in bed"

    assert paired((f"{lamp} new", f"{light} now"), (f"{lamp} old", f"{light} later")) == [0, 0]


def test_rows_with_a_text_may_be_copies():
    """A text is written once and copied, with its label; rows of a table are labelled one by one."""
    table, texts = TableBlock(np.zeros((2, 1), dtype=np.float32)), make_text_block(["ok", "ok"])

    assert find_copies(Features((texts, table))).tolist() == [True, True]
    assert find_copies(Features((table,))).tolist() == [False, False]
