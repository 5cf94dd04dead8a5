"""A labelled file -> how much each label is doubted: what a scan writes and a bench measures."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from doubtcli import plugins
from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.evidence.content_key import find_or_make
from doubtcli.evidence.graph import find_slow_pieces, gather_evidence, gather_evidence_again
from doubtcli.evidence.leaks import explain_leak, find_leaks, note_leak
from doubtcli.evidence.memory import fit_into_memory
from doubtcli.predict.skill import correct_for_chance
from doubtcli.rank.combine import (
    Voices,
    find_ranked_sources,
    measure_margins,
    number_entries,
    rank_rows,
)
from doubtcli.rank.cut import choose_queue_length
from doubtcli.rank.noise import make_unassessable_rate
from doubtcli.rank.planting import plant_and_judge
from doubtcli.rank.prior import SetFeatures, find_curves, make_unlearned_curves, make_unskilled_curves
from doubtcli.rank.verdicts import (
    learn_from_verdicts,
    mark_decided_rows,
    set_corrected_apart,
)
from doubtcli.read.examples import read_examples, share_texts
from doubtcli.read.roles.pairs import keep_pairs
from doubtcli.records import FROM_FILES, FileRead
from doubtcli.records.arrays import average_opinions, give_back_memory
from doubtcli.store.audit_key import hash_side_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from doubtcli.evidence.graph import Gathered
    from doubtcli.evidence.leaks import Leak
    from doubtcli.evidence.meaning import Meaning
    from doubtcli.plugins import LoadedReason
    from doubtcli.progress import Progress
    from doubtcli.rank.planting import PlantedErrors
    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import (
        Column,
        Engine,
        Evidence,
        Examples,
        InMemory,
        Keeper,
        Labels,
        Listener,
        NoiseRate,
        Ranking,
        ReasonScores,
        Roles,
        SideFile,
        Skill,
        SkippedReason,
        Table,
        Task,
    )
    from doubtcli.records.arrays import Codes, Floats
    from doubtcli.settings import ScanSettings


@dataclass
class Clock:
    """Seconds of wall time by stage, for `audit.json`."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that passes inside to that of a stage."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)


@dataclass(frozen=True)
class Notes:
    """What the user should know, passed on as soon as it is known."""

    listener: Listener | None
    texts: list[str]

    def add(self, texts: Sequence[str]) -> None:
        """Keep some notes, and show them."""
        self.texts.extend(texts)
        if self.listener is not None and texts:
            self.listener.show_notes(texts)


@dataclass(frozen=True)
class ReadFile:
    """A labelled file as it was read."""

    settings: ScanSettings
    """As the scan is made: a fast one, or one by batches, where memory is short."""
    side_files: Mapping[str, SideFile]
    table: Table
    roles: Roles
    labels: Labels
    examples: Examples
    notes: Notes
    """What the user should know, in the order in which it became known."""


@dataclass(frozen=True)
class JudgedFile:
    """A labelled file once every label has its doubt."""

    file: ReadFile
    loaded: tuple[LoadedReason, ...]
    gathered: Gathered
    reasons: tuple[ReasonScores, ...]
    skipped: tuple[SkippedReason, ...]
    leaks: tuple[Leak, ...]
    skill: Skill
    planted: PlantedErrors
    noise_rate: NoiseRate
    """What models can say, before people have decided."""
    features: SetFeatures | None
    """What shows which labelled sets the file is like; None where models can't predict the labels."""
    curves: ErrorCurves
    ranking: Ranking

    @property
    def examples(self) -> Examples:
        """The labelled rows."""
        return self.file.examples

    @property
    def meaning(self) -> Meaning | None:
        """What the texts mean, if they were embedded."""
        found: Meaning | None = self.gathered.pieces.get("meaning")
        return found


def judge_labels(  # noqa: PLR0917  # two pipelines share it, and name all its parts
    settings: ScanSettings,
    task: Task,
    engine: Engine,
    progress: Progress,
    clock: Clock,
    plantings: int | None = None,
    given: InMemory = FROM_FILES,
    listener: Listener | None = None,
    keeper: Keeper | None = None,
) -> JudgedFile:
    """Read a labelled file, and rank its rows by doubt.

    The caller limits native libraries to one thread.

    Args:
        settings: What to read and how to judge it.
        task: What kind of labels the file has.
        engine: Fits the models.
        progress: Shows each long stage.
        clock: Measures the stages.
        plantings: How often to plant errors; if left out, once, and not at all in a large file.
        given: What is in memory already, and not read from files.
        listener: Is given what was read and the notes, as soon as they are known.
        keeper: Keeps what the judgement is made from, for later scans.
    """
    with clock.stage("read"):
        file, everything = _read_file(settings, task, progress, given, listener)
        settings, notes = file.settings, file.notes
        loaded = _load_reasons(settings)
    with clock.stage("look for leaks"):
        leaks = find_leaks(everything, settings.seed, engine, progress, keeper)
        file = _leave_out_leaks(file, leaks)
        examples = file.examples
    with clock.stage("gather evidence"):
        wanted = _list_wanted_pieces(loaded, examples)
        gathered = gather_evidence(examples, wanted, settings, engine, progress, keeper)
        notes.add(gathered.notes)
    with clock.stage("ask the reasons"), progress.stage("Running the reasons"):
        reasons, skipped = plugins.run_reasons(loaded, gathered.evidence)
    sources = find_ranked_sources(reasons)
    with clock.stage("weigh voices"):
        changed = {"given_labels": examples.training_labels}
        trained = gather_evidence_again(gathered, changed, settings, engine, progress, keeper)
        opinions = find_or_make(
            keeper,
            lambda: trained.make_key("opinions", task.name, sorted(sources)),
            lambda: list(task.pool_opinions(trained.evidence, sources)),
        )
        skill = task.measure_skill(opinions, trained.evidence, gathered.predictions, settings.seed)
    with clock.stage("plant errors"):
        planted = plant_and_judge(
            task,
            gathered,
            trained.evidence,
            examples,
            opinions,
            sources,
            settings=settings,
            engine=engine,
            progress=progress,
            plantings=plantings,
            keeper=keeper,
        )
    give_back_memory()
    with clock.stage("rank"), progress.stage("Ranking"):
        # of the given labels: where people have corrected the surest errors, the noise would look too low
        evidence = set_corrected_apart(gathered.evidence, examples)
        noise_rate, features = find_or_make(
            keeper,
            lambda: _make_set_key(trained, gathered, examples, sources, task, settings.seed),
            lambda: _describe_set(task, evidence, opinions, gathered.together, skill, settings.seed),
        )
        voices = Voices(task, evidence, reasons, opinions, gathered.together)
        curves, ranking = _rank(voices, examples, features, skill, settings)
    notes.add(_explain_unjudged(task, opinions, evidence, examples, gathered.together))
    return JudgedFile(
        file, loaded, gathered, reasons, skipped, leaks, skill, planted, noise_rate, features, curves, ranking
    )


def _read_file(
    settings: ScanSettings, task: Task, progress: Progress, given: InMemory, listener: Listener | None
) -> tuple[ReadFile, Examples]:
    """The file, and its rows as they were before people decided on some."""
    side_files = hash_side_files(settings, given)
    table, roles, labels, examples = read_examples(settings, task, progress, given)
    notes = _show_file(listener, table, roles, labels, examples)
    path = table.source.path
    if given.table is None and path != STANDARD_INPUT:  # else it is needed as it was read
        table = share_texts(table, examples)
        give_back_memory()
    settings, note = fit_into_memory(settings, examples, path)
    notes.add([note] if note else [])
    decided = examples
    if settings.verdicts is not None:
        from doubtcli.verdicts.examples import read_verdicts  # with all tools that people decide in

        decided = read_verdicts(settings.verdicts, examples, labels, path, given.answers)
        notes.add(decided.verdicts.notes if decided.verdicts is not None else ())
    return ReadFile(settings, side_files, table, roles, labels, decided, notes), examples


def _leave_out_leaks(file: ReadFile, leaks: Sequence[Leak]) -> ReadFile:
    """The file with why each leak is left out or kept, and its rows without the leaks."""
    use = file.settings.use
    leak_of = {name: leak for leak in leaks if leak.is_reported for name in leak.columns}
    columns = tuple(
        _explain_column(column, leak_of[column.name], use) if column.name in leak_of else column
        for column in file.roles.columns
    )
    used = {column.name for column in columns if column.used}
    file.notes.add([note_leak(leak, use) for leak in leaks if leak.is_reported])
    roles = keep_pairs(columns, file.roles.pairs)
    return replace(file, roles=roles, examples=file.examples.keep_inputs(used))


def _rank(
    voices: Voices,
    examples: Examples,
    features: SetFeatures | None,
    skill: Skill,
    settings: ScanSettings,
) -> tuple[ErrorCurves, Ranking]:
    """How likely errors are by what is known of such files and by verdicts, and the rows by their doubt."""
    prior = _choose_curves(features, skill)
    margins = measure_margins(voices, prior)
    curves = learn_from_verdicts(prior, margins.mean, voices.evidence.given_labels, examples.verdicts)
    n_labels = len(examples.class_names)
    ranked = rank_rows(voices, margins, curves, has_skill=skill.assessable, n_labels=n_labels)
    ranking = number_entries(mark_decided_rows(ranked, examples), examples)
    length = choose_queue_length(ranking, has_skill=skill.assessable, stop_below=settings.stop_below)
    return curves, replace(ranking, queue_length=length)


def _choose_curves(features: SetFeatures | None, skill: Skill) -> ErrorCurves:
    """How likely errors are before any verdict."""
    if features is not None:
        return find_curves(features)
    return make_unlearned_curves() if skill.assessable else make_unskilled_curves()


def _make_set_key(  # noqa: PLR0917  # all that `_describe_set` depends on
    again: Gathered,
    gathered: Gathered,
    examples: Examples,
    sources: Collection[str],
    task: Task,
    seed: int,
) -> str | None:
    decided = None if examples.verdicts is None else examples.verdicts.codes
    opinions_key = again.make_key("opinions", task.name, sorted(sources))
    evidence_key = gathered.make_key("set", decided, seed)
    return opinions_key and evidence_key and opinions_key + evidence_key


def _describe_set(  # noqa: PLR0917  # all that shows which other sets a file is like
    task: Task,
    evidence: Evidence,
    opinions: Sequence[Floats],
    together: Codes,
    skill: Skill,
    seed: int,
) -> tuple[NoiseRate, SetFeatures | None]:
    """What models can say of how many labels are wrong, and what shows which labelled sets the file is like.

    The second is None where models can't predict the labels, or the labels are no classes.
    """
    if not skill.assessable:
        return make_unassessable_rate(skill.why), None
    noise = task.estimate_noise(opinions, evidence, together, seed)
    judgeable = task.find_judgeable(evidence, together)
    contradicted = task.find_contradicted(average_opinions(opinions), evidence) & judgeable
    share = float(contradicted.mean())
    noise_rate = replace(noise.noise_rate, contradicted=share)
    if skill.balanced_accuracy is None:  # no classes: all known sets have some
        return noise_rate, None
    features = SetFeatures(
        evidence.n_classes,
        share,
        noise.curve_rate,
        correct_for_chance(skill.balanced_accuracy, evidence.given_labels),
    )
    return noise_rate, features


def _show_file(
    listener: Listener | None, table: Table, roles: Roles, labels: Labels, examples: Examples
) -> Notes:
    """Show what was read; returns the notes on it, to which those that follow are added."""
    notes = (*table.notes, *labels.notes)
    if listener is not None:
        n_unlabelled = len(examples.unlabelled_row_ids)
        file = FileRead(table.source, roles, examples.n_rows + n_unlabelled, n_unlabelled, notes)
        listener.show_file(file)
    return Notes(listener, [*notes])


def _explain_column(column: Column, leak: Leak, use: Collection[str]) -> Column:
    why = explain_leak(leak)
    if column.name in use:
        return replace(column, why=f"--use, although {why}")
    if leak.is_certain:
        return replace(column, used=False, why=f"{why}: left out (--use {column.name} keeps it)")
    hint = f"if it was made from the label, --ignore {column.name} leaves it out"
    return replace(column, why=f"{column.why}; {why}: {hint}")


def _load_reasons(settings: ScanSettings) -> tuple[LoadedReason, ...]:
    loaded = plugins.load_reasons(settings.reason_settings, only=settings.reasons, skip=settings.skip)
    if not settings.is_short or settings.reasons is not None:
        return loaded
    # a fast scan, or one by batches, finds no neighbours, unless every chosen reason needs them
    slow = find_slow_pieces()
    return tuple(reason for reason in loaded if not slow & set(reason.needs)) or loaded


def _list_wanted_pieces(loaded: Sequence[LoadedReason], examples: Examples) -> frozenset[str]:
    """What the reasons need; and the user's own probabilities, which cost nothing, to measure their skill."""
    own = () if examples.given_pred_probs is None else ("pred_probs",)
    return frozenset((*own, *(need for one in loaded for need in one.needs)))


def _explain_unjudged(
    task: Task, opinions: Sequence[Floats], evidence: Evidence, examples: Examples, together: Codes
) -> Sequence[str]:
    if not opinions:
        return ()
    judgeable = task.find_judgeable(evidence, together)
    return task.explain_unjudged(judgeable, evidence, examples.class_names)
