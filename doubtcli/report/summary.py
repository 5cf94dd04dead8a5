"""An audit -> its figures, and the sentences that the terminal and the page tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doubtcli.rank.figures import AuditFigures, count_audit, count_decided, estimate_precision
from doubtcli.wording.numbers import count, percent

if TYPE_CHECKING:
    from doubtcli.records import NoiseRate, Power, ScanResult, Skill

_FIRST = 0.05
"""Of the rows, most doubted first, that the audit's power is told for in one sentence."""


@dataclass(frozen=True)
class Summary(AuditFigures):
    """What an audit found, in figures and sentences."""

    verdict_sentence: str
    """Empty where no verdicts were given."""
    noise_sentence: str
    power_sentence: str
    """Empty where no errors were planted."""
    precision_sentence: str
    """Empty where no row is doubted."""
    skill_sentence: str
    """Empty where the noise sentence has said the same."""


def summarize(audit: ScanResult) -> Summary:
    """What an audit found, in figures and sentences."""
    return Summary(
        **vars(count_audit(audit)),
        verdict_sentence=verdict_sentence(audit),
        noise_sentence=noise_sentence(audit.noise_rate),
        power_sentence=power_sentence(audit.power) if audit.power and audit.power.assessable else "",
        precision_sentence=precision_sentence(audit),
        skill_sentence="" if _is_told_by(audit.noise_rate, audit.skill) else skill_sentence(audit.skill),
    )


def power_sentence(power: Power) -> str:
    """How many errors like the planted ones a person finds who checks the most doubted rows."""
    if not power.assessable:
        return f"What this audit can see: not assessable. {_end_sentence(power.why)}"
    found = power.found_in_first[_FIRST]
    return (
        f"What this audit can see: of {count(power.n_planted, 'planted error')}, "
        f"{percent(found)} stand in the first {_FIRST:.0%} of rows."
    )


def precision_sentence(audit: ScanResult) -> str:
    """What share of the doubted rows is expected to be wrong, as the doubts have it."""
    expected = estimate_precision(audit)
    if expected is None:
        return ""
    return f"Expected precision, by the doubts: {expected:.0%} of the doubted labels are wrong."


def noise_sentence(noise: NoiseRate) -> str:
    """One sentence on the share of wrong labels and how sure it is, or why it can't be told."""
    if not noise.assessable or noise.rate is None or noise.low is None or noise.high is None:
        return f"Suspected label noise: not assessable. {_end_sentence(noise.why)}"
    interval = f"{noise.level:.0%} interval {percent(noise.low)} to {percent(noise.high)}"
    lead = "Label noise" if noise.rests_on == "verdicts" else "Suspected label noise"
    return f"{lead}: {percent(noise.rate)} of rows ({interval}), {_unstopped(noise.why)}."


def verdict_sentence(audit: ScanResult) -> str:
    """One sentence on what people have decided and what became of it; empty where no verdicts were given."""
    if audit.examples.verdicts is None:
        return ""
    n_kept, n_corrected = count_decided(audit)
    if not n_kept + n_corrected:
        return f"No row is decided in {audit.examples.verdicts.path}."
    told = count(n_kept + n_corrected, "row")
    be = "is" if n_kept + n_corrected == 1 else "are"
    return (
        f"{told} {be} decided: {count(n_kept)} kept, {count(n_corrected)} corrected; models learn from that."
    )


def skill_sentence(skill: Skill) -> str:
    """One sentence on whether the models know anything about these labels."""
    return _end_sentence(skill.why)


# ----------------------------------------------------------------- parts


def _is_told_by(noise: NoiseRate, skill: Skill) -> bool:
    return not noise.assessable and _unstopped(noise.why) == _unstopped(skill.why)


def _end_sentence(words: str) -> str:
    """Words as a sentence of their own."""
    unstopped = _unstopped(words)
    return f"{unstopped[:1].upper()}{unstopped[1:]}."


def _unstopped(sentence: str) -> str:
    """A sentence without its full stop, so that it can go on."""
    return sentence.strip().removesuffix(".")
