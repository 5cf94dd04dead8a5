"""The pipeline of `doubt scan`: a labelled file in; how much each label is doubted, and why, out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli import plugins
from doubtcli.errors import ModelError, SettingsError
from doubtcli.evidence.content_key import find_or_make
from doubtcli.evidence.graph import find_slow_pieces, gather_evidence, gather_evidence_again
from doubtcli.evidence.leaks import explain_leak, find_leaks, find_strongest, note_leak
from doubtcli.features.embedders import find_embedding_model
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.predict.skill import correct_for_chance
from doubtcli.queue.sampling import draw_sample
from doubtcli.rank.combine import (
    find_ranked_sources,
    list_counted_reasons,
    list_queue_rows,
    measure_margins,
    number_entries,
    rank_rows,
)
from doubtcli.rank.cut import choose_queue_length
from doubtcli.rank.flags import bound_flags
from doubtcli.rank.measured import measure_noise_rate
from doubtcli.rank.noise import ADVICE, make_unassessable_rate
from doubtcli.rank.payoff import expect_errors
from doubtcli.rank.planting import plant_and_judge
from doubtcli.rank.prior import SetFeatures, find_curves, make_unlearned_curves, make_unskilled_curves
from doubtcli.rank.verdicts import (
    learn_from_verdicts,
    mark_decided_rows,
    set_corrected_apart,
)
from doubtcli.rank.why import explain_rows
from doubtcli.read.examples import read_examples
from doubtcli.read.roles.pairs import keep_pairs
from doubtcli.records import FROM_FILES, FileRead, ScanResult
from doubtcli.records.arrays import average_opinions
from doubtcli.store.audit_key import hash_side_files, list_versions, make_audit_key, select_judging_settings
from doubtcli.store.cache import open_cache
from doubtcli.tasks.registry import find_task
from doubtcli.verdicts.examples import read_verdicts
from doubtcli.wording.numbers import format_count

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
        AuditSample,
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


NO_EVIDENCE = "no evidence against its label: models can't predict these labels"
"""Why a row is in the queue that no reason has something to say about but those of models without skill."""


MOST_PROBABILITIES = 10**8
"""Rows times classes. Models of several families and repeats each hold them all."""
BYTES_EACH = 365
"""Measured on 10,000 rows of 2,000 classes: 7.3 GB at the peak."""


def make_audit(
    settings: ScanSettings,
    *,
    progress: Progress,
    task: Task | None = None,
    engine: Engine | None = None,
    given: InMemory = FROM_FILES,
    listener: Listener | None = None,
    cache: bool = False,
) -> tuple[ScanResult, Table]:
    """Read a labelled table, and say how much each label is doubted, and why. Writes nothing.

    Args:
        settings: What to read and how to judge it.
        progress: Shows each long stage.
        task: What kind of labels the file has; one class a row if left out.
        given: What is in memory already, and not read from files.
        listener: Is given what was read and the notes, as soon as they are known.
        engine: Fits the models; threads of this process if left out. The audit does not depend on it.
        cache: Whether to keep what the audit is made from in the user's cache folder, and to use what an
            earlier scan kept. The audit does not depend on it.

    Returns:
        The audit, and the table as it was read.

    Raises:
        DoubtError: The file can't be used, a setting is not valid, or a reason failed.
    """
    _check_sample_fits(settings)
    find_embedding_model(settings.embed)  # so that a wrong name is an error before a long scan
    task, engine, clock = task or find_task(), engine or make_engine(settings.threads), Clock()
    with limit_native_threads():
        judged = judge_labels(
            settings,
            task,
            engine,
            progress,
            clock,
            given=given,
            listener=listener,
            keeper=open_cache() if cache else None,
        )
        table, examples, ranking = judged.table, judged.examples, judged.ranking
        gathered, predictions = judged.gathered, judged.gathered.predictions
        sample = _draw_sample(ranking, settings)
        with clock.stage("explain"):
            why = _explain_queue(judged, sample)
        verdicts = examples.verdicts
        strongest = find_strongest(judged.leaks, examples.inputs.column_names)
    return ScanResult(
        source=table.source,
        roles=judged.roles,
        labels=judged.labels,
        examples=examples,
        evidence=gathered.evidence,
        model_names=predictions.model_names if predictions else (),
        reasons=judged.reasons,
        skipped=judged.skipped,
        ranking=ranking,
        why=why,
        skill=judged.skill,
        noise_rate=_advise(measure_noise_rate(judged.noise_rate, examples), sample),
        settings=select_judging_settings(settings),
        seed=settings.seed,
        versions=list_versions(judged.meaning.model if judged.meaning else None),
        notes=judged.notes,
        timings=clock.seconds,
        sample=sample,
        power=judged.planted.measure_power(ranking.doubted),
        side_files=judged.side_files,
        embedder=judged.meaning.embedder if judged.meaning else None,
        task_name=task.name,
        strongest_columns=strongest.columns if strongest else (),
        strongest_share=strongest.share if strongest else 0.0,
        expected=expect_errors(
            ranking, judged.curves, examples.given_labels, verdicts, judged.noise_rate.at_least
        )
        if judged.skill.assessable
        else None,
        flags=bound_flags(verdicts.spot_check) if verdicts and verdicts.spot_check else None,
        audit_key=make_audit_key(settings, table.source.sha256, judged.side_files, task.name),
    ), table


def _advise(noise: NoiseRate, sample: AuditSample | None) -> NoiseRate:
    """The noise rate with the advice to check the rows that were drawn, where the queue begins with some."""
    if sample is None or not noise.why.endswith(ADVICE):
        return noise
    rows = format_count(len(sample.rows), "row")
    return replace(noise, why=f"{noise.why.removesuffix(ADVICE)}: check the first {rows} of the queue")


@dataclass(frozen=True)
class JudgedFile:
    """A labelled file once every label has its doubt: what a scan writes and a bench measures."""

    loaded: tuple[LoadedReason, ...]
    side_files: Mapping[str, SideFile]
    table: Table
    roles: Roles
    labels: Labels
    examples: Examples
    gathered: Gathered
    reasons: tuple[ReasonScores, ...]
    skipped: tuple[SkippedReason, ...]
    notes: tuple[str, ...]
    """What the user should know, in the order in which it became known."""
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
    loaded = _load_reasons(settings)
    with clock.stage("read"):
        side_files = hash_side_files(settings, given)
        table, roles, labels, all_examples = read_examples(settings, task, progress, given)
        notes = _show_file(listener, table, roles, labels, all_examples)
        examples = all_examples
        _check_size(examples, labels, table.source.path)
        if settings.verdicts is not None:
            examples = read_verdicts(settings.verdicts, examples, labels, table.source.path, given.answers)
            notes.add(examples.verdicts.notes if examples.verdicts is not None else ())
    with clock.stage("look for leaks"):
        leaks = find_leaks(all_examples, settings.seed, engine, progress, keeper)
        roles, examples = leave_out_leaks(leaks, roles, examples, settings.use)
        notes.add([note_leak(leak, settings.use) for leak in leaks if leak.is_reported])
    with clock.stage("gather evidence"):
        gathered = gather_evidence(
            examples, _list_wanted_pieces(loaded, examples), settings, engine, progress, keeper
        )
        evidence, together = gathered.evidence, gathered.together
        notes.add(gathered.notes)
    with clock.stage("ask the reasons"), progress.stage("Running the reasons"):
        reasons, skipped = plugins.run_reasons(loaded, evidence)
    sources = find_ranked_sources(reasons)
    with clock.stage("weigh voices"):
        changed = {"given_labels": examples.training_labels}
        again = gather_evidence_again(gathered, changed, settings, engine, progress, keeper)
        training_evidence = again.evidence
        opinions = find_or_make(
            keeper,
            lambda: again.make_key("opinions", task.name, sorted(sources)),
            lambda: list(task.pool_opinions(training_evidence, sources)),
        )
        skill = task.measure_skill(opinions, training_evidence, gathered.predictions, settings.seed)
    with clock.stage("plant errors"):
        planted = plant_and_judge(
            task,
            gathered,
            training_evidence,
            examples,
            opinions,
            sources,
            settings=settings,
            engine=engine,
            progress=progress,
            plantings=plantings,
            keeper=keeper,
        )
    with clock.stage("rank"), progress.stage("Ranking"):
        # of the given labels: where people have corrected the surest errors, the noise would look too low
        evidence = set_corrected_apart(evidence, examples)
        noise_rate, features = find_or_make(
            keeper,
            lambda: _make_set_key(again, gathered, examples, sources, task, settings.seed),
            lambda: _describe_set(task, evidence, opinions, together, skill, settings.seed),
        )
        prior = _choose_curves(features, skill)
        voices = (task, evidence, reasons, opinions)
        margins = measure_margins(*voices, prior, together)
        curves = learn_from_verdicts(prior, margins.mean, evidence.given_labels, examples.verdicts)
        n_labels = len(examples.class_names)
        ranked = rank_rows(*voices, margins, curves, together, has_skill=skill.assessable, n_labels=n_labels)
        ranking = number_entries(mark_decided_rows(ranked, examples), examples)
        length = choose_queue_length(ranking, has_skill=skill.assessable, stop_below=settings.stop_below)
        ranking = replace(ranking, queue_length=length)
    notes.add(_explain_unjudged(task, opinions, evidence, examples, together))
    return JudgedFile(
        loaded,
        side_files,
        table,
        roles,
        labels,
        examples,
        gathered,
        reasons,
        skipped,
        tuple(notes.texts),
        leaks,
        skill,
        planted,
        noise_rate,
        features,
        curves,
        ranking,
    )


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


def _check_size(examples: Examples, labels: Labels, where: str) -> None:
    """Refuse more probabilities than fit into a usual memory, before they are computed."""
    n_rows, n_classes = len(examples.given_labels), examples.n_classes
    n_cells = n_rows * n_classes
    is_computed = labels.are_classes and examples.given_pred_probs is None
    if is_computed and n_cells > MOST_PROBABILITIES:
        raise ModelError(
            f"{n_rows:,} rows with {n_classes:,} classes need {n_cells:,} probabilities, and about "
            f"{n_cells * BYTES_EACH / 2**30:,.0f} GiB of memory",
            where=where,
            expected=f"at most {MOST_PROBABILITIES:,} probabilities",
            hint="scan a part of the rows, or join small classes",
        )


def leave_out_leaks(
    leaks: Sequence[Leak], roles: Roles, examples: Examples, use: Collection[str]
) -> tuple[Roles, Examples]:
    """The roles with why each leak is left out or kept, and the rows without the leaks.

    Args:
        leaks: As `find_leaks` found them.
        roles: The roles of all columns.
        examples: The labelled rows.
        use: The columns that the user wants to be used.
    """
    leak_of = {name: leak for leak in leaks if leak.is_reported for name in leak.columns}
    columns = tuple(
        _explain_column(column, leak_of[column.name], use) if column.name in leak_of else column
        for column in roles.columns
    )
    used = {column.name for column in columns if column.used}
    return keep_pairs(columns, roles.pairs), examples.keep_inputs(used)


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
    if not settings.fast or settings.reasons is not None:
        return loaded
    # a fast scan finds no neighbours, unless every chosen reason needs them
    slow = find_slow_pieces()
    return tuple(reason for reason in loaded if not slow & set(reason.needs)) or loaded


def _list_wanted_pieces(loaded: Sequence[LoadedReason], examples: Examples) -> frozenset[str]:
    """What the reasons need; and the user's own probabilities, which cost nothing, to measure their skill."""
    own = () if examples.given_pred_probs is None else ("pred_probs",)
    return frozenset((*own, *(need for one in loaded for need in one.needs)))


def _check_sample_fits(settings: ScanSettings) -> None:
    if settings.audit_sample and settings.queue_size and settings.audit_sample > settings.queue_size:
        raise SettingsError(
            f"a sample of {settings.audit_sample:,} rows is larger than the queue",
            where="--audit-sample",
            expected=f"at most {settings.queue_size:,} rows (--queue-size)",
            hint="raise --queue-size, or leave it out",
        )


def _draw_sample(ranking: Ranking, settings: ScanSettings) -> AuditSample | None:
    if settings.audit_sample is None:
        return None
    undecided = np.ones(len(ranking.doubt), dtype=np.bool_) if ranking.decided is None else ~ranking.decided
    return draw_sample(ranking.doubt, undecided, settings.audit_sample, settings.seed)


def _explain_queue(judged: JudgedFile, sample: AuditSample | None) -> tuple[str, ...]:
    """Why each doubted row and each row of the queue is doubted, in plain words; "" for the other rows."""
    examples, evidence, ranking = judged.examples, judged.gathered.evidence, judged.ranking
    why = [""] * examples.n_rows
    listed = (np.flatnonzero(ranking.doubted), ranking.queue, list_queue_rows(ranking, sample))
    queued = np.unique(np.concatenate(listed))
    counted = list_counted_reasons(judged.reasons, judged.skill)
    explained = explain_rows(judged.loaded, counted, examples, evidence, ranking, queued)
    nothing = "" if len(counted) == len(judged.reasons) else NO_EVIDENCE
    for row, text in zip(queued, explained, strict=True):
        why[row] = text or nothing
    return tuple(why)


def _explain_unjudged(
    task: Task, opinions: Sequence[Floats], evidence: Evidence, examples: Examples, together: Codes
) -> Sequence[str]:
    if not opinions:
        return ()
    judgeable = task.find_judgeable(evidence, together)
    return task.explain_unjudged(judgeable, evidence, examples.class_names)


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
