"""The pipeline of `doubt scan`: a labelled file in; how much each label is doubted, and why, out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import SettingsError
from doubtcli.evidence.leaks import find_strongest
from doubtcli.features.embedders import find_embedding_model
from doubtcli.pipelines.judge import Clock, judge_labels
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.queue.sampling import draw_sample
from doubtcli.rank.combine import (
    list_counted_reasons,
    list_queue_rows,
)
from doubtcli.rank.flags import bound_flags
from doubtcli.rank.measured import measure_noise_rate
from doubtcli.rank.noise import ADVICE
from doubtcli.rank.payoff import expect_errors
from doubtcli.rank.why import explain_rows
from doubtcli.records import FROM_FILES, ScanResult
from doubtcli.records.arrays import give_back_memory
from doubtcli.records.texts import Texts
from doubtcli.store.audit_key import list_versions, make_audit_key, select_judging_settings
from doubtcli.store.cache import open_cache
from doubtcli.tasks.registry import find_task
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from doubtcli.pipelines.judge import JudgedFile
    from doubtcli.progress import Progress
    from doubtcli.records import (
        AuditSample,
        Engine,
        InMemory,
        Listener,
        NoiseRate,
        Ranking,
        Table,
        Task,
    )
    from doubtcli.settings import ScanSettings


NO_EVIDENCE = "no evidence against its label: models can't predict these labels"
"""Why a row is in the queue that no reason has something to say about but those of models without skill."""
_EXPLAINED_AT_ONCE = 2**16
"""The rows whose texts are objects of Python at the same time."""


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
    audit, judged = judge_and_describe(
        settings, progress=progress, task=task, engine=engine, given=given, listener=listener, cache=cache
    )
    return audit, judged.file.table


def judge_and_describe(
    settings: ScanSettings,
    *,
    progress: Progress,
    task: Task | None = None,
    engine: Engine | None = None,
    given: InMemory = FROM_FILES,
    listener: Listener | None = None,
    cache: bool = False,
) -> tuple[ScanResult, JudgedFile]:
    """The audit, and all that it was made from, for who goes on from there; arguments as for `make_audit`."""
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
        file, examples, ranking = judged.file, judged.examples, judged.ranking
        gathered, predictions = judged.gathered, judged.gathered.predictions
        sample = _draw_sample(ranking, settings)
        give_back_memory()
        with clock.stage("explain"):
            why = _explain_queue(judged, sample)
        verdicts = examples.verdicts
        strongest = find_strongest(judged.leaks, examples.inputs.column_names)
    audit = ScanResult(
        source=file.table.source,
        roles=file.roles,
        labels=file.labels,
        examples=examples,
        evidence=gathered.evidence,
        model_names=predictions.model_names if predictions else (),
        reasons=judged.reasons,
        skipped=judged.skipped,
        ranking=ranking,
        why=why,
        skill=judged.skill,
        noise_rate=_advise(measure_noise_rate(judged.noise_rate, examples), sample),
        settings=select_judging_settings(file.settings),
        seed=settings.seed,
        versions=list_versions(judged.meaning.model if judged.meaning else None),
        notes=tuple(file.notes.texts),
        timings=clock.seconds,
        sample=sample,
        power=judged.planted.measure_power(ranking.doubted),
        side_files=file.side_files,
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
        audit_key=make_audit_key(file.settings, file.table.source.sha256, file.side_files, task.name),
    )
    return audit, judged


def _advise(noise: NoiseRate, sample: AuditSample | None) -> NoiseRate:
    """The noise rate with the advice to check the rows that were drawn, where the queue begins with some."""
    if sample is None or not noise.why.endswith(ADVICE):
        return noise
    rows = format_count(len(sample.rows), "row")
    return replace(noise, why=f"{noise.why.removesuffix(ADVICE)}: check the first {rows} of the queue")


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


def _explain_queue(judged: JudgedFile, sample: AuditSample | None) -> Texts:
    """Why each doubted row and each row of the queue is doubted, in plain words; "" for the other rows."""
    examples, evidence, ranking = judged.examples, judged.gathered.evidence, judged.ranking
    listed = (np.flatnonzero(ranking.doubted), ranking.queue, list_queue_rows(ranking, sample))
    queued = np.unique(np.concatenate(listed))
    counted = list_counted_reasons(judged.reasons, judged.skill)
    nothing = "" if len(counted) == len(judged.reasons) else NO_EVIDENCE
    parts = [pa.array([""], pa.large_string())]
    for start in range(0, len(queued), _EXPLAINED_AT_ONCE):
        some = queued[start : start + _EXPLAINED_AT_ONCE]
        texts = explain_rows(judged.loaded, counted, examples, evidence, ranking, some)
        parts.append(pa.array([text or nothing for text in texts], pa.large_string()))
    places = np.zeros(examples.n_rows, dtype=np.intp)
    places[queued] = np.arange(len(queued)) + 1
    return Texts(pa.concat_arrays(parts)).take(places)
