"""The pipeline: a labelled file in, all that is to be said of its labels out."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from doubtcli import plugins
from doubtcli.errors import SettingsError
from doubtcli.features.build import build_features, joined_texts
from doubtcli.neighbors import find_duplicates, find_neighbors
from doubtcli.predict.crossfit import brought, cross_fit, models_for
from doubtcli.predict.skill import measure_skill, no_models
from doubtcli.predict.table_models import MOST_TREE_ROWS
from doubtcli.rank.combine import opinions, rank_rows, unheard_classes
from doubtcli.rank.noise import NoiseModel, estimate_noise, not_assessable
from doubtcli.rank.sample import draw_sample
from doubtcli.rank.verdicts import checked_rate, decide
from doubtcli.read.examples import build_examples
from doubtcli.read.labels import encode_labels, find_label_column
from doubtcli.read.roles import RoleChoices, assign_roles
from doubtcli.read.side_files import read_embeddings, read_pred_probs
from doubtcli.read.table import read_table
from doubtcli.read.verdicts import read_verdicts
from doubtcli.records import Audit, Evidence, Predictions, Skill
from doubtcli.report.words import explain_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from doubtcli.progress import Progress
    from doubtcli.records import (
        AuditSample,
        Examples,
        Features,
        Labels,
        Ranking,
        ReasonScores,
        Roles,
        Table,
    )
    from doubtcli.settings import ScanSettings

_Number = TypeVar("_Number", bound=np.generic)

_NOT_IN_THE_AUDIT = frozenset({"path", "output", "force", "threads", "config"})
"""Settings that say where and how fast, not what: equal audits must not differ by them."""
_MOST_NAMED = 5
_OF_MODELS = frozenset({"pred_probs", "pred_probs_by_model", "pred_probs_by_repeat"})
_OF_NEIGHBORS = frozenset({"neighbor_indices", "neighbor_distances", "neighbor_votes"})
"""Evidence that costs much, so it is only made for a reason that asks for it."""
_PACKAGES = ("doubtcli", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def scan(settings: ScanSettings, *, progress: Progress) -> tuple[Audit, Table]:
    """Read a labelled table and say how much each label is to be doubted, and why. Writes nothing.

    Args:
        settings: What to read and how to judge it.
        progress: Told of each long stage.

    Returns:
        The audit, and the table as it was read.

    Raises:
        DoubtError: The file can't be used, a setting makes no sense, or a reason failed.
    """
    from threadpoolctl import threadpool_limits

    _check(settings)
    clock = _Clock()
    loaded = plugins.load_reasons(settings.reason_settings, only=settings.reasons, skip=settings.skip)
    # One layer of parallelism: models run side by side, each on one thread. It also keeps sums in one order,
    # so that the result is the same to the bit on any number of cores.
    with threadpool_limits(1):
        with clock.stage("read"):
            table, roles, labels, examples = _read(settings, progress)
        with clock.stage("gather evidence"):
            needed = frozenset(need for one in loaded for need in one.needs)
            evidence, predictions, together, notes = _gather(examples, needed, settings, progress)
        with clock.stage("ask the reasons"), progress.stage("Asking the reasons"):
            reasons, skipped = plugins.run_reasons(loaded, evidence)
        with clock.stage("rank"), progress.stage("Ranking"):
            taught = replace(evidence, given_labels=_frozen(examples.taught_labels))
            voices = opinions(taught, [reason.name for reason in reasons])
            skill = _skill(examples, taught, predictions, voices, settings.seed)
            # of the labels as given: where the surest contradictions are settled, the curve sees no noise
            noise = _noise(skill, voices, examples.given_labels, together, settings.seed)
            ranking = decide(
                rank_rows(evidence, reasons, voices, noise, together, verdicts=examples.verdicts), examples
            )
            sample = _sample(ranking, settings)
        with clock.stage("explain"):
            why = _explain(examples, evidence, reasons, ranking, sample)
    return Audit(
        source=table.source,
        roles=roles,
        labels=labels,
        examples=examples,
        evidence=evidence,
        model_names=predictions.model_names if predictions else (),
        reasons=reasons,
        skipped=skipped,
        ranking=ranking,
        why=why,
        skill=skill,
        noise_rate=checked_rate(noise.noise_rate, examples),
        settings={key: value for key, value in asdict(settings).items() if key not in _NOT_IN_THE_AUDIT},
        seed=settings.seed,
        versions={name: version(name) for name in _PACKAGES},
        notes=(
            *table.notes,
            *labels.notes,
            *_verdict_notes(examples),
            *notes,
            *_class_notes(examples, together, voices),
        ),
        timings=clock.seconds,
        sample=sample,
    ), table


def _check(settings: ScanSettings) -> None:
    if settings.audit_sample and settings.queue_size and settings.audit_sample > settings.queue_size:
        raise SettingsError(
            f"{settings.audit_sample:,} rows do not fit into a queue of {settings.queue_size:,}",
            where="--audit-sample",
            expected="a queue that holds the sample, and then the most doubted rows",
            hint="raise --queue-size, or leave it out",
        )


def _read(settings: ScanSettings, progress: Progress) -> tuple[Table, Roles, Labels, Examples]:
    """The file as labelled rows in canonical order, and how each of its columns is used."""
    with progress.stage("Reading") as advance:
        n_read = 0

        def on_rows(so_far: int) -> None:
            nonlocal n_read
            advance(so_far - n_read)
            n_read = so_far

        table = read_table(
            settings.path,
            input_format=settings.input_format,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            quoting=settings.quoting,
            on_rows=on_rows,
        )
        choices = RoleChoices(
            label=settings.label,
            text=settings.text,
            numeric=settings.numeric,
            categorical=settings.categorical,
            datetime=settings.datetime,
            embedding=settings.embedding,
            annotators=settings.annotators,
            ignore=settings.ignore,
            use=settings.use,
            id=settings.id,
            group=settings.group,
        )
        label = find_label_column(table, choices)
        labels = encode_labels(table, label[0])
        roles = assign_roles(table, choices, label, labels)
        n_rows = table.data.num_rows
        examples = build_examples(
            table,
            roles,
            labels,
            embeddings=read_embeddings(settings.embeddings, n_rows) if settings.embeddings else None,
            pred_probs=read_pred_probs(settings.pred_probs, labels, n_rows) if settings.pred_probs else None,
        )
        if settings.verdicts is not None:
            examples = read_verdicts(settings.verdicts, examples, labels, table.source.path)
    return table, roles, labels, examples


def _gather(
    examples: Examples, needed: frozenset[str], settings: ScanSettings, progress: Progress
) -> tuple[Evidence, Predictions | None, NDArray[np.intp], list[str]]:
    """All that the reasons may ask for, computed once."""
    notes: list[str] = []
    with progress.stage("Making features"):
        features = build_features(examples)
        duplicates = find_duplicates(features, joined_texts(examples), settings.folds) if features else None
    alike = duplicates.groups if duplicates else np.arange(examples.n_rows)
    together, chained = _joined(alike, examples.groups)
    notes += chained
    if examples.annotations is not None and len(np.unique(together)) < 2:  # noqa: PLR2004
        features = None
        notes.append("every row has the same input, so only the annotators judge")
    neighbors = None
    if features is not None and needed & _OF_NEIGHBORS:
        with progress.stage("Finding neighbours"):
            neighbors = find_neighbors(features, examples.taught_labels, examples.n_classes, alike, together)
    predictions = _predict(examples, features if needed & _OF_MODELS else None, together, settings, progress)
    notes += [found.note for found in (duplicates, neighbors) if found is not None and found.note]
    if features is not None and features.dense is not None and examples.n_rows > MOST_TREE_ROWS:
        notes.append(
            f"each tree is grown on {MOST_TREE_ROWS:,} rows drawn from all, to keep its cost in bounds"
        )
    if predictions and predictions.unheard:
        unheard = ", ".join(predictions.unheard)
        notes.append(f"models that learnt nothing of the labels, and are not heard: {unheard}")
    several = predictions is not None and len(predictions.by_model) > 1
    repeated = predictions is not None and len(predictions.by_repeat) > 1
    evidence = Evidence(
        given_labels=_frozen(examples.given_labels),
        n_classes=examples.n_classes,
        pred_probs=_frozen(predictions.pooled) if predictions else None,
        pred_probs_by_model=_frozen(predictions.by_model) if predictions and several else None,
        pred_probs_by_repeat=_frozen(predictions.by_repeat) if predictions and repeated else None,
        neighbor_indices=_frozen(neighbors.indices) if neighbors else None,
        neighbor_distances=_frozen(neighbors.distances) if neighbors else None,
        neighbor_votes=_frozen(neighbors.votes) if neighbors else None,
        duplicate_groups=_frozen(duplicates.groups) if duplicates else None,
        annotations=_frozen(examples.annotations.codes) if examples.annotations else None,
    )
    return evidence, predictions, together, notes


def _predict(
    examples: Examples,
    features: Features | None,
    together: NDArray[np.intp],
    settings: ScanSettings,
    progress: Progress,
) -> Predictions | None:
    """The user's probabilities if there are any, else our models', else none."""
    if examples.given_pred_probs is not None:
        return brought(examples.given_pred_probs)
    if features is None:
        return None
    total = len(models_for(features)) * settings.repeats
    with progress.stage("Cross-fitting models", total) as advance:
        return cross_fit(
            features,
            examples.taught_labels,
            examples.n_classes,
            together,
            n_folds=settings.folds,
            n_repeats=settings.repeats,
            seed=settings.seed,
            n_threads=settings.threads or os.cpu_count() or 1,
            advance=advance,
        )


def _joined(
    duplicates: NDArray[np.intp], groups: NDArray[np.intp] | None
) -> tuple[NDArray[np.intp], list[str]]:
    """Groups that keep duplicates and the user's groups together: the connected components of the two.

    A text that everybody writes would chain all groups into one. Where that makes a group of more than half
    of the rows, only the user's groups are kept.
    """
    if groups is None:
        return duplicates, []
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_rows, n_duplicates = len(groups), int(duplicates.max()) + 1
    edges = (np.ones(n_rows), (duplicates, groups + n_duplicates))
    n_nodes = n_duplicates + int(groups.max()) + 1
    components = connected_components(coo_matrix(edges, shape=(n_nodes, n_nodes)), directed=False)[1]
    joined = np.unique(components[duplicates], return_inverse=True)[1].astype(np.intp)
    if np.bincount(joined).max() > max(n_rows // 2, np.bincount(groups).max()):
        return groups, ["duplicates chain most groups into one, so only the groups share a fold"]
    return joined, []


def _skill(
    examples: Examples,
    evidence: Evidence,
    predictions: Predictions | None,
    voices: Sequence[NDArray[Any]],
    seed: int,
) -> Skill:
    if not voices:
        return no_models(
            evidence.given_labels, "there are no models: the labels are judged by other reasons alone"
        )
    by_model = dict(zip(predictions.model_names, predictions.by_model, strict=True)) if predictions else {}
    return measure_skill(np.mean(voices, axis=0), by_model, evidence.given_labels, examples.class_names, seed)


def _noise(
    skill: Skill,
    voices: Sequence[NDArray[Any]],
    given_labels: NDArray[np.intp],
    together: NDArray[np.intp],
    seed: int,
) -> NoiseModel:
    if not skill.assessable:
        return not_assessable(skill.why)
    return estimate_noise(np.asarray(voices), given_labels, together, seed)


def _sample(ranking: Ranking, settings: ScanSettings) -> AuditSample | None:
    if settings.audit_sample is None:
        return None
    undecided = np.ones(len(ranking.doubt), dtype=np.bool_) if ranking.decided is None else ~ranking.decided
    return draw_sample(ranking.doubt, undecided, settings.audit_sample, settings.seed)


def _verdict_notes(examples: Examples) -> tuple[str, ...]:
    return examples.verdicts.notes if examples.verdicts is not None else ()


def _explain(
    examples: Examples,
    evidence: Evidence,
    reasons: Sequence[ReasonScores],
    ranking: Ranking,
    sample: AuditSample | None,
) -> tuple[str, ...]:
    """The reasons of each row in the queue in plain words, "" for the others."""
    why = [""] * examples.n_rows
    queued = ranking.queue if sample is None else np.union1d(ranking.queue, sample.rows)
    explained = explain_rows(examples, evidence, reasons, ranking, queued)
    for row, words in zip(queued, explained, strict=True):
        why[row] = words
    return tuple(why)


def _class_notes(examples: Examples, together: NDArray[np.intp], voices: Sequence[NDArray[Any]]) -> list[str]:
    """Which classes are too small for models to be heard on."""
    unheard = unheard_classes(examples.given_labels, together, examples.n_classes) if voices else ()
    tiny = [examples.class_names[code] for code in unheard]
    if not tiny:
        return []
    shown = ", ".join(repr(name) for name in tiny[:_MOST_NAMED])
    if len(tiny) > _MOST_NAMED:
        shown += f" and {len(tiny) - _MOST_NAMED} more"
    return [f"too few unlike rows for models to judge them (fewer than 3): {shown}"]


def _frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    """The array, read-only from now on, so that no reason can spoil what the next one sees."""
    array.flags.writeable = False
    return array


@dataclass
class _Clock:
    """Wall seconds by stage, for `audit.json`."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
