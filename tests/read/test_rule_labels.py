import numpy as np
import pyarrow as pa
import pytest

from doubtcli.read.examples import build_examples
from doubtcli.read.labels import encode_labels
from doubtcli.read.rule_labels import find_rule_labels
from doubtcli.records import Column, Role, Roles, Rule, Source, Table

DATA = pa.table(
    {
        "id": ["c", "a", "b", "d"],
        "text": ["see http://x.y", "hello", None, "HTTP"],
        "n": ["1", "2", "3", "4"],
        "label": ["ham", "spam", "ham", None],
    }
)
TABLE = Table(Source("data.csv", "csv", 1, "0" * 64), DATA)
ROLES = Roles(
    (
        Column("id", Role.IDENTIFIER, used=True, why=""),
        Column("text", Role.TEXT, used=True, why=""),
        Column("n", Role.IGNORED, used=False, why="--ignore"),
        Column("label", Role.LABEL, used=True, why=""),
    )
)
LINKS = Rule("links", 'contains(text, "http")', "spam")


def fit(*rules, table=TABLE):
    """What rules say about all rows of a table."""
    labels = encode_labels(table, "label")
    return find_rule_labels(table, ROLES, rules, labels, np.arange(table.data.num_rows))


def test_labels_of_rules():
    """Each rule gives its label to the rows on which it is true, also by columns that are no inputs."""
    found = fit(LINKS, Rule("small", "n <= 2", "ham"))

    assert found.codes.tolist() == [[1, 0], [-1, 0], [-1, -1], [1, -1]]
    assert found.left_out == ()


def test_examples():
    """Examples have what rules say about the labelled rows, in the order of their ids."""
    examples = build_examples(TABLE, ROLES, encode_labels(TABLE, "label"), rules=(LINKS,))

    assert list(examples.row_ids) == ["a", "b", "c"]
    assert examples.rule_labels.codes.tolist() == [[-1], [-1], [1]]
    assert examples.take(np.array([2, 0])).rule_labels.codes.tolist() == [[1], [-1]]
    assert examples.hide_labels().rule_labels is None


def test_no_rules():
    """Without rules there is nothing."""
    assert fit() is None


@pytest.mark.parametrize("label", ["spam", "SPAM", "Spam "])
def test_how_a_label_is_written(label):
    """A rule's label is found in any case."""
    assert fit(Rule("links", 'contains(text, "http")', label)).codes[0, 0] == 1


def test_labels_that_are_numbers():
    """A label that is a number in the file is named by its digits."""
    table = Table(TABLE.source, DATA.set_column(3, "label", pa.array([0, 1, 0, 1])))

    assert fit(Rule("links", 'contains(text, "http")', "1"), table=table).codes[0, 0] == 1


@pytest.mark.parametrize(
    "rule",
    [
        Rule("odd", 'contains(txt, "a")', "spam"),
        Rule("circular", 'n == 1 and label == "ham"', "spam"),
        Rule("unlike", "n == 1", "spm"),
        Rule("unknown", "n == 1", "refund"),
    ],
    ids=lambda rule: rule.name,
)
def test_rules_that_do_not_fit(rule, sentences):
    """A rule that does not fit the file is left out, with why, and the others stay."""
    found = fit(rule, LINKS)

    assert found.rules == (LINKS,)
    assert found.codes.tolist() == [[1], [-1], [-1], [1]]
    ((left_out, why),) = found.left_out
    assert left_out == rule
    sentences.check(why)
