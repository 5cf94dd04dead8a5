"""An audit -> its figures, and the sentences about them that the terminal and the page show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doubtcli.rank.figures import AuditFigures, count_audit, count_decided, count_rules
from doubtcli.wording.lists import MOST_NAMED, quote_names
from doubtcli.wording.numbers import format_count, format_percent, format_percent_down

if TYPE_CHECKING:
    from doubtcli.records import (
        ExpectedErrors,
        ExpectedWrong,
        FlagBound,
        NoiseRate,
        Power,
        RuleCount,
        ScanResult,
        Skill,
    )

_FIRST = 0.05
"""The part of the rows, most doubted first, that the sentence on the audit's power is about."""


NEARLY_ALL = 0.98
"""The balanced accuracy from which on labels are so well predicted that a column may give them away."""


@dataclass(frozen=True)
class Summary(AuditFigures):
    """What an audit found, in figures and sentences."""

    verdict_sentence: str
    """Empty if no verdicts were given."""
    noise_sentence: str
    expected_sentence: str
    """Empty if no row is doubted and no verdict was given, if all rows have a verdict, and without skill."""
    flags_sentence: str
    """Empty if no verdict is on a spot check of the queue."""
    power_sentence: str
    """Empty if no errors were planted."""
    skill_sentence: str
    """Empty if the noise sentence says the same."""
    rule_sentences: tuple[str, ...] = ()
    """One for each rule of the user's that fits the file, the one that contradicts most labels first."""
    strongest_sentence: str = ""
    """Empty unless nearly all labels are predicted, no label is doubted, and one column does it."""


def summarize(audit: ScanResult) -> Summary:
    """What an audit found, in figures and sentences."""
    return Summary(
        **vars(count_audit(audit)),
        verdict_sentence=verdict_sentence(audit),
        noise_sentence=noise_sentence(audit.noise_rate, has_verdicts=audit.examples.verdicts is not None),
        expected_sentence=expected_sentence(audit.expected) if audit.expected else "",
        flags_sentence=flags_sentence(audit.flags) if audit.flags else "",
        power_sentence=power_sentence(audit.power) if audit.power and audit.power.assessable else "",
        rule_sentences=rule_sentences(audit),
        strongest_sentence=strongest_sentence(audit),
        skill_sentence="" if _says_the_same(audit.noise_rate, audit.skill) else skill_sentence(audit.skill),
    )


def power_sentence(power: Power) -> str:
    """What share of the planted errors are among the most doubted rows."""
    if not power.assessable:
        return f"What this audit can find: not assessable. {_end_sentence(power.why)}"
    found = power.found_in_first[_FIRST]
    return (
        f"What this audit can find: of {format_count(power.n_planted, 'error')} planted as a test, "
        f"{format_percent(found)} are among the {_FIRST:.0%} most doubted rows."
    )


def strongest_sentence(audit: ScanResult) -> str:
    """Which column may be the cause that models predict nearly all labels and doubt none; else empty."""
    accuracy = audit.skill.balanced_accuracy
    if not audit.strongest_columns or audit.ranking.doubted.any() or (accuracy or 0) < NEARLY_ALL:
        return ""
    names = quote_names(audit.strongest_columns, MOST_NAMED)
    predict, it = ("predicts", "it was") if len(audit.strongest_columns) == 1 else ("predict", "they were")
    share = format_percent_down(audit.strongest_share)
    return (
        f"{names} alone {predict} {share} of the labels; if {it} made from "
        "the label, errors can't be seen: leave out such columns with --ignore."
    )


def noise_sentence(noise: NoiseRate, *, has_verdicts: bool = False) -> str:
    """What is known of the share of wrong labels, and what is not; or why nothing is known."""
    if not noise.assessable:
        return f"Label noise: not assessable. {_end_sentence(noise.why)}"
    known = (
        f"By models and verdicts, {describe_bound(noise)}."
        if has_verdicts
        else f"By the models, {describe_bound(noise)}."
    )
    if noise.rate is None or noise.low is None or noise.high is None:
        return f"{known} {_end_sentence(noise.why)}"
    interval = f"{noise.level:.0%} interval {format_percent(noise.low)} to {format_percent(noise.high)}"
    more = f"; {format_count(noise.n_more)} more such verdicts for ±2 points" if noise.n_more else ""
    measured = f"{format_percent(noise.rate)} of rows ({interval}{more}), {_drop_full_stop(noise.why)}"
    return (
        f"Label noise: {measured}. {known}"
        if noise.at_least or noise.contradicted
        else f"Label noise: {measured}."
    )


def describe_bound(noise: NoiseRate) -> str:
    """What models alone know: "at least 1.2% of the labels are wrong, and 24% are contradicted"."""
    bound = (
        f"at least {format_percent(noise.at_least)} of the labels are wrong"
        if noise.at_least
        else "no label is surely wrong"
    )
    if noise.contradicted is None:
        return bound
    return f"{bound}, and {format_percent(noise.contradicted)} are contradicted"


def expected_sentence(expected: ExpectedErrors) -> str:
    """How many of the doubted labels are wrong; with verdicts, of the queue's next rows and of all."""
    if not expected.n_decided:
        return _doubted_sentence(expected.doubted) if expected.doubted.n_rows else ""
    left, ahead = expected.left, expected.next
    if not left.n_rows:
        return ""
    n_left = format_count(round(left.mean), "label")
    rest = f"about {n_left} ({left.low:,} to {left.high:,}) in all rows without a verdict"
    match ahead.n_rows:
        case 0:
            return f"By the verdicts, the queue is done; wrong are {rest}."
        case 1:
            of_one = format_percent(ahead.mean)
            return (
                f"By the verdicts, the last row of the queue is wrong with {of_one} probability, and {rest}."
            )
        case n_rows:
            about = round(ahead.mean)
            return (
                f"By the verdicts, about {about:,} of the next {n_rows:,} rows in the queue "
                f"{'is' if about == 1 else 'are'} wrong ({ahead.low:,} to {ahead.high:,}), and {rest}."
            )


def _doubted_sentence(doubted: ExpectedWrong) -> str:
    n_rows = doubted.n_rows
    low, middle, high = (format_percent(n / n_rows) for n in (doubted.low, doubted.middle, doubted.high))
    half = "all" if doubted.middle == n_rows else f"over {middle}"
    if doubted.low == 0 and doubted.high == n_rows:
        return (
            f"In half of the labelled sets that are like this one, {half} of such doubted labels were wrong, "
            "in others none: 20 verdicts show which it is."
        )
    return (
        f"In nine of ten labelled sets like this one, {low} to {high} of such doubted labels were wrong; "
        f"in half of them, {half}."
    )


def flags_sentence(flags: FlagBound) -> str:
    """How many labels of the checked queue are wrong at least, all of it and its first quarter."""
    if not flags.assessable:
        return f"How many labels of the queue are wrong: not assessable. {_end_sentence(flags.why)}"
    bounds = sorted(flags.at_least_wrong.items())
    (first, of_first), (n_all, of_all) = bounds[0], bounds[-1]
    of_part = f"; of the first {first:,}, at least {of_first:,}" if first < n_all else ""
    return (
        f"Of the {format_count(n_all, 'label')} in the queue when it was checked, at least {of_all:,} "
        f"{'is' if of_all == 1 else 'are'} wrong{of_part} (with {flags.level:.0%} confidence): "
        f"{_drop_full_stop(flags.why)}."
    )


def verdict_sentence(audit: ScanResult) -> str:
    """One sentence on how many labels people kept and corrected; empty if no verdicts were given."""
    if audit.examples.verdicts is None:
        return ""
    n_kept, n_corrected = count_decided(audit)
    n_unusable = len(audit.examples.unusable_row_ids)
    n_decided = n_kept + n_corrected + n_unusable
    if not n_decided:
        return f"{audit.examples.verdicts.path} has no verdicts yet."
    have = "has" if n_decided == 1 else "have"
    unusable = f", {format_count(n_unusable)} unusable (set aside)" if n_unusable else ""
    return (
        f"{format_count(n_decided, 'row')} {have} a verdict: {format_count(n_kept)} kept, "
        f"{format_count(n_corrected)} corrected{unusable}. The models learn from the verdicts."
    )


def rule_sentences(audit: ScanResult) -> tuple[str, ...]:
    """On how many rows each rule's condition is true, and how many of these have another label."""
    fitting = [counted for counted in count_rules(audit.examples) if not counted.left_out]
    ordered = sorted(fitting, key=lambda counted: -counted.n_contradicted)
    return tuple(map(_describe_rule, ordered))


def _describe_rule(counted: RuleCount) -> str:
    if not counted.n_true:
        return f"{counted.rule.name!r} is true on no row"
    n = counted.n_contradicted
    says = f"{counted.rule.name!r} says {counted.rule.label} on {format_count(counted.n_true, 'row')}"
    return f"{says}, of which {format_count(n) if n else 'none'} {'has' if n <= 1 else 'have'} another label"


def skill_sentence(skill: Skill) -> str:
    """One sentence on whether the models can predict these labels."""
    return _end_sentence(skill.why)


# ----------------------------------------------------------------- parts


def _says_the_same(noise: NoiseRate, skill: Skill) -> bool:
    return not noise.assessable and _drop_full_stop(noise.why) == _drop_full_stop(skill.why)


def _end_sentence(words: str) -> str:
    """Words as a whole sentence."""
    text = _drop_full_stop(words)
    return f"{text[:1].upper()}{text[1:]}."


def _drop_full_stop(sentence: str) -> str:
    """A sentence without its full stop, so that it can go on."""
    return sentence.strip().removesuffix(".")
