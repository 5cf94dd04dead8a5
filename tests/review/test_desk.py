from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.errors import InputError
from doubtcli.review.filters import RowFilter
from doubtcli.review.highlights import WORD
from doubtcli.review.orders import list_review_rows, order_alike

if TYPE_CHECKING:
    from doubtcli.records import ScanResult
    from doubtcli.review.desk import Desk

TELLING = {"suggested", "confidence", "doubt", "tier", "doubtSd", "why", "scores", "speaks", "probs", "marks"}


def test_drawn_rows_are_mixed_in(audit: ScanResult) -> None:
    """Rows drawn at random are among as many doubted ones, in the order of the draw, before the others."""
    rows, n_mixed = list_review_rows(audit)
    drawn = audit.sample.rows.tolist()

    mixed = rows[:n_mixed].tolist()
    assert n_mixed == min(2 * len(drawn), len(rows))
    assert [row for row in mixed if row in drawn] == drawn
    assert mixed[: len(drawn)] != drawn
    assert sorted(rows.tolist()) == sorted({*drawn, *audit.ranking.queue.tolist()})


def test_drawn_rows_are_not_given_away(desk: Desk) -> None:
    """The cards of drawn rows and of those among them have the same parts, and nothing beside."""
    rows, n_mixed = list_review_rows(desk.session.audit)

    cards = desk.make_cards(rows[:n_mixed].tolist()[:30])["cards"]

    parts = [set(card) - {"near", "tally", "duplicates", "answers", "equal"} for card in cards]
    assert all(own == parts[0] for own in parts)
    assert not parts[0] & TELLING


def test_counts_by_annotator(desk: Desk) -> None:
    """Each annotator is counted with the rows that the filter for that annotator lets through."""
    counts = desk.count_rows(RowFilter(annotator="annotator_ana"), "all")["annotators"]

    assert len(counts) > 1
    for name, n in counts.items():
        found = desk.list_rows(RowFilter(annotator=name), scope="all")
        assert n == len(desk.leave_out_hidden(found)) > 0


@pytest.mark.parametrize(
    ("wanted", "order", "scope"),
    [
        (RowFilter(tier="doubted"), "doubt", "queue"),
        (RowFilter(suggested="refund"), "doubt", "queue"),
        (RowFilter(least=0.5), "doubt", "queue"),
        (RowFilter(), "alike", "queue"),
        (RowFilter(tier="neither"), "doubt", "all"),
    ],
)
def test_lists_do_not_give_drawn_rows_away(desk: Desk, wanted: RowFilter, order: str, scope: str) -> None:
    """A list that would say what a card hides has none of the rows whose cards hide it."""
    hidden = set(list_review_rows(desk.session.audit)[0][:40].tolist())

    assert hidden.isdisjoint(desk.list_rows(wanted, order, scope).tolist())
    assert hidden <= set(desk.list_rows(RowFilter(state="open")).tolist())


def test_hidden_rows_are_last_among_all(desk: Desk) -> None:
    """Among all rows, most doubted first, those whose cards hide their doubt are the last."""
    hidden = list_review_rows(desk.session.audit)[0][:40].tolist()

    assert desk.list_rows(RowFilter(), scope="all")[-40:].tolist() == hidden


def test_drawn_row_after_its_decision(desk: Desk) -> None:
    """Once a drawn row is decided, its card has all that is known."""
    row = int(list_review_rows(desk.session.audit)[0][0])
    desk.decide("s1", [row], "keep")

    (card,) = desk.make_cards([row])["cards"]

    assert card.keys() >= {"doubt", "why", "suggested"}
    assert (card["state"], card["verdict"]) == ("kept", desk.session.given_label(row))


def test_alike_has_the_same_rows(audit: ScanResult) -> None:
    """The order by likeness has the same rows as that by doubt, with each pair of labels in one piece."""
    rows = audit.ranking.queue
    pair = list(
        zip(audit.examples.given_labels.tolist(), audit.ranking.suggested_labels.tolist(), strict=True)
    )

    alike = order_alike(audit, rows)

    changes = [pair[a] != pair[b] for a, b in zip(alike[:-1].tolist(), alike[1:].tolist(), strict=True)]
    assert sorted(alike.tolist()) == sorted(rows.tolist())
    assert sum(changes) == len({pair[row] for row in rows.tolist()}) - 1


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        (RowFilter(given="refund"), lambda audit, row: audit.examples.given_labels[row] == 4),
        (RowFilter(tier="doubted"), lambda audit, row: audit.ranking.doubted[row]),
        (RowFilter(least=0.3, most=0.6), lambda audit, row: 0.3 <= audit.ranking.doubt[row] <= 0.6),
        (
            RowFilter(text="INVOICE"),
            lambda audit, row: (
                "invoice"
                in str(
                    [
                        audit.examples.row_ids[row],
                        *audit.examples.inputs.slice(row, 1).to_pylist()[0].values(),
                    ]
                ).lower()
            ),
        ),
        (RowFilter(state="skipped"), lambda _audit, row: row == 0),
    ],
)
def test_filters(desk: Desk, wanted: RowFilter, rule: object) -> None:
    """A filter lets through the rows that have what it says, and no others."""
    audit = desk.session.audit
    assert audit.examples.class_names[4] == "refund"
    desk.decide("s1", [0], "skip")

    found = set(desk.list_rows(wanted, scope="all").tolist())

    mixed = list_review_rows(audit)[0][:40].tolist()
    hidden = {row for row in mixed if row != 0} if wanted.asks_models else set()
    expected = {row for row in range(audit.examples.n_rows) if rule(audit, row)}
    assert found == expected - hidden
    assert found


def test_unknown_filter(desk: Desk) -> None:
    """A label that the file doesn't have is refused, with the nearest one."""
    with pytest.raises(InputError, match="refund"):
        desk.list_rows(RowFilter(given="refnd"))


def test_counts_fit_the_list(desk: Desk) -> None:
    """Each count is how many rows are left if its filter is set."""
    counts, labels = desk.count_rows(RowFilter()), desk.session.labels

    for given, suggested, n in counts["matrix"]:
        wanted = RowFilter(given=labels[given], suggested=labels[suggested])
        assert len(desk.list_rows(wanted)) == n
    for reason, n in counts["reasons"].items():
        assert len(desk.list_rows(RowFilter(reason=reason))) == n
    shown = desk.leave_out_hidden(desk.list_rows(RowFilter()))
    assert sum(counts["tiers"].values()) == len(shown)


@pytest.mark.parametrize("scope", ["queue", "all"])
def test_counts_of_hidden_rows(desk: Desk, scope: str) -> None:
    """By given label and decision all rows are counted, beside a filter by models those that it may show."""
    labels = desk.session.labels
    counts = desk.count_rows(RowFilter(), scope)
    doubted = desk.count_rows(RowFilter(tier="doubted"), scope)

    assert counts["states"]["open"] == len(desk.list_rows(RowFilter(), scope=scope))
    assert doubted["states"]["open"] == len(desk.list_rows(RowFilter(tier="doubted"), scope=scope))
    for given, n in counts["given"]:
        assert len(desk.list_rows(RowFilter(given=labels[given]), scope=scope)) == n
    for given, n in doubted["given"]:
        assert len(desk.list_rows(RowFilter(given=labels[given], tier="doubted"), scope=scope)) == n
    assert sum(n for _, n in doubted["given"]) < sum(n for _, n in counts["given"])


def test_words_that_speak(desk: Desk) -> None:
    """Marked words are words of the text, and the ones for the suggestion are more frequent in its rows."""
    audit = desk.session.audit
    row = int(audit.ranking.queue[-1])
    column = audit.examples.columns_of("text")
    texts = [audit.examples.inputs.column(name)[row].as_py() or "" for name in column]
    given, suggested = audit.examples.given_labels[row], audit.ranking.suggested_labels[row]
    others = [
        {word.lower() for name in column for word in WORD.findall(values[name] or "")}
        for values in audit.examples.inputs.select(column).to_pylist()
    ]

    (card,) = desk.make_cards([row])["cards"]

    words = {texts[at][start:end].lower() for at, start, end, which in card["marks"] if which}
    assert words
    labels = audit.examples.given_labels
    for word in words:
        has = np.array([word in own for own in others])
        assert has[labels == suggested].mean() > has[labels == given].mean()


def test_partners(desk: Desk) -> None:
    """All rows of the same input are shown beside a card, and said to be the same or nearly so."""
    audit = desk.session.audit
    groups = audit.evidence.duplicate_groups
    sizes = np.bincount(groups)
    row = int(np.flatnonzero(sizes[groups] > 1)[0])

    (card,) = desk.make_cards([row])["cards"]

    same = {int(other) for other in np.flatnonzero(groups == groups[row])} - {row}
    assert same <= {one["index"] for one in card["partners"]}
    assert all(one["kind"] != "near" for one in card["partners"] if one["index"] in same)


@pytest.mark.parametrize("rows", [[], [-1], [10**9], list(range(51))])
def test_refused_cards(desk: Desk, rows: list[int]) -> None:
    """Cards of rows that are not there, or of too many, are refused."""
    with pytest.raises(InputError):
        desk.make_cards(rows)


def test_accept_without_a_suggestion(desk: Desk) -> None:
    """Where no other label is suggested there is nothing to accept, and no row is kept instead."""
    ranking, given = desk.session.audit.ranking, desk.session.audit.examples.given_labels
    same = np.flatnonzero(ranking.suggested_labels == given)[:2].tolist()
    other = int(np.flatnonzero(ranking.suggested_labels != given)[0])

    with pytest.raises(InputError):
        desk.decide("s1", same, "accept")
    desk.decide("s2", [*same, other], "accept")

    assert list(desk.session.verdicts) == [desk.session.audit.examples.row_ids[other]]
