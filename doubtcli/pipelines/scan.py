"""The pipeline: a labelled file in, all that is to be said of its labels out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from doubtcli import plugins
from doubtcli.errors import SettingsError
from doubtcli.evidence.graph import gather, gather_again, left_out_when_fast
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.queue.sampling import draw_sample
from doubtcli.rank.combine import rank_rows, sources_with_a_voice
from doubtcli.rank.noise import not_assessable
from doubtcli.rank.planting import plant
from doubtcli.rank.verdicts import mark_decided_rows, measure_noise_rate
from doubtcli.rank.why import explain_rows
from doubtcli.read.examples import read_examples
from doubtcli.records import ScanResult
from doubtcli.store.audit_key import hash_side_files, list_versions, make_audit_key, select_judging_settings
from doubtcli.tasks.registry import find_task
from doubtcli.verdicts.examples import read_verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.evidence.graph import Gathered
    from doubtcli.plugins import LoadedReason
    from doubtcli.progress import Progress
    from doubtcli.rank.planting import Planted
    from doubtcli.records import (
        AuditSample,
        Engine,
        Evidence,
        Examples,
        Labels,
        NoiseModel,
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


def make_audit(
    settings: ScanSettings, *, progress: Progress, task: Task | None = None, engine: Engine | None = None
) -> tuple[ScanResult, Table]:
    """Read a labelled table and say how much each label is to be doubted, and why. Writes nothing.

    Args:
        settings: What to read and how to judge it.
        progress: Told of each long stage.
        task: What the labels are; one class a row if left out.
        engine: Fits the models; threads of this process if left out. The audit does not depend on it.

    Returns:
        The audit, and the table as it was read.

    Raises:
        DoubtError: The file can't be used, a setting makes no sense, or a reason failed.
    """
    _check_sample_fits(settings)
    task, engine, clock = task or find_task(), engine or make_engine(settings.threads), Clock()
    with limit_native_threads():
        judged = judge_labels(settings, task, engine, progress, clock)
        table, examples, ranking = judged.table, judged.examples, judged.ranking
        gathered, predictions = judged.gathered, judged.gathered.predictions
        sample = _draw_sample(ranking, settings)
        with clock.stage("explain"):
            why = _explain_queue(judged, sample)
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
        noise_rate=measure_noise_rate(judged.noise.noise_rate, examples),
        settings=select_judging_settings(settings),
        seed=settings.seed,
        versions=list_versions(),
        notes=(
            *table.notes,
            *judged.labels.notes,
            *_verdict_notes(examples),
            *gathered.notes,
            *judged.unjudged,
        ),
        timings=clock.seconds,
        sample=sample,
        power=judged.planted.power(ranking.doubted),
        side_files=judged.side_files,
        task_name=task.name,
        audit_key=make_audit_key(settings, table.source.sha256, judged.side_files, task.name),
    ), table


@dataclass(frozen=True)
class Judged:
    """A labelled file once every label has its doubt: what a scan writes down, and a bench measures."""

    loaded: tuple[LoadedReason, ...]
    side_files: Mapping[str, SideFile]
    table: Table
    roles: Roles
    labels: Labels
    examples: Examples
    gathered: Gathered
    reasons: tuple[ReasonScores, ...]
    skipped: tuple[SkippedReason, ...]
    unjudged: Sequence[str]
    """What the user should know of rows that models may not judge."""
    skill: Skill
    planted: Planted
    noise: NoiseModel
    ranking: Ranking


def judge_labels(  # noqa: PLR0917  # one road of two pipelines, which name all its parts
    settings: ScanSettings,
    task: Task,
    engine: Engine,
    progress: Progress,
    clock: Clock,
    plantings: int | None = None,
) -> Judged:
    """Read a labelled file and rank its rows; `plantings`: as often as a scan needs if left out.

    Whoever calls limits native libraries to one thread.
    """
    loaded = _load_reasons(settings)
    with clock.stage("read"):
        beside = hash_side_files(settings)
        table, roles, labels, examples = read_examples(settings, task, progress)
        if settings.verdicts is not None:
            examples = read_verdicts(settings.verdicts, examples, labels, table.source.path)
    with clock.stage("gather evidence"):
        gathered = gather(examples, _list_needs(loaded, examples), settings, engine, progress)
        evidence, together = gathered.evidence, gathered.together
    with clock.stage("ask the reasons"), progress.stage("Asking the reasons"):
        reasons, skipped = plugins.run_reasons(loaded, evidence)
    sources = sources_with_a_voice(reasons)
    with clock.stage("weigh voices"):
        changed = {"given_labels": examples.training_labels}
        training_evidence = gather_again(gathered, changed, settings, engine, progress).evidence
        opinions = task.pool_opinions(training_evidence, sources)
        skill = task.measure_skill(opinions, training_evidence, gathered.predictions, settings.seed)
    with clock.stage("plant errors"):
        planted = plant(
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
        )
    with clock.stage("rank"), progress.stage("Ranking"):
        # of the labels as given: where the surest contradictions are settled, the curve sees no noise
        noise = (
            task.estimate_noise(opinions, evidence, together, settings.seed)
            if skill.assessable
            else not_assessable(skill.why)
        )
        rank = partial(rank_rows, task, evidence, reasons, opinions, n_labels=len(examples.class_names))
        noise = planted.weigh(noise, rank(noise, together).doubt)
        ranking = mark_decided_rows(rank(noise, together, verdicts=examples.verdicts), examples)
    return Judged(
        loaded,
        beside,
        table,
        roles,
        labels,
        examples,
        gathered,
        reasons,
        skipped,
        _explain_unjudged(task, opinions, evidence, examples, together),
        skill,
        planted,
        noise,
        ranking,
    )


def _load_reasons(settings: ScanSettings) -> tuple[LoadedReason, ...]:
    loaded = plugins.load_reasons(settings.reason_settings, only=settings.reasons, skip=settings.skip)
    if not settings.fast or settings.reasons is not None:
        return loaded
    # a fast scan finds no neighbours, for any reason, unless all want them
    left_out = left_out_when_fast()
    return tuple(reason for reason in loaded if not left_out & set(reason.needs)) or loaded


def _list_needs(loaded: Sequence[LoadedReason], examples: Examples) -> frozenset[str]:
    """What reasons ask for; probabilities that the user brought cost nothing, and are there for the skill."""
    brought = () if examples.given_pred_probs is None else ("pred_probs",)
    return frozenset((*brought, *(need for one in loaded for need in one.needs)))


def _check_sample_fits(settings: ScanSettings) -> None:
    if settings.audit_sample and settings.queue_size and settings.audit_sample > settings.queue_size:
        raise SettingsError(
            f"{settings.audit_sample:,} rows do not fit into a queue of {settings.queue_size:,}",
            where="--audit-sample",
            expected="a queue that holds the sample, and then the most doubted rows",
            hint="raise --queue-size, or leave it out",
        )


def _draw_sample(ranking: Ranking, settings: ScanSettings) -> AuditSample | None:
    if settings.audit_sample is None:
        return None
    undecided = np.ones(len(ranking.doubt), dtype=np.bool_) if ranking.decided is None else ~ranking.decided
    return draw_sample(ranking.doubt, undecided, settings.audit_sample, settings.seed)


def _verdict_notes(examples: Examples) -> tuple[str, ...]:
    return examples.verdicts.notes if examples.verdicts is not None else ()


def _explain_queue(judged: Judged, sample: AuditSample | None) -> tuple[str, ...]:
    """The reasons of each row in the queue in plain words, "" for the others."""
    examples, evidence, ranking = judged.examples, judged.gathered.evidence, judged.ranking
    why = [""] * examples.n_rows
    queued = ranking.queue if sample is None else np.union1d(ranking.queue, sample.rows)
    explained = explain_rows(judged.loaded, judged.reasons, examples, evidence, ranking, queued)
    for row, words in zip(queued, explained, strict=True):
        why[row] = words
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
    """Wall seconds by stage, for `audit.json`."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside to a stage, added to what it has taken already."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)
