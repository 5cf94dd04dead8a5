"""What a scan found, as Python code holds it: to be looked at, gated, relabelled and compared."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from doubtcli.api.keywords import (
    GateOptions,
    is_path,
    plan_gate,
    read_answers_in_memory,
    say_in_keywords,
    with_keywords_in_errors,
)
from doubtcli.api.review import Review
from doubtcli.apply.target import OutputOptions
from doubtcli.errors import SettingsError
from doubtcli.pipelines.apply import ApplyRequest, QueueAudit, correct_frame, correct_labels, refuse_unusable
from doubtcli.pipelines.compare import compare_audits
from doubtcli.pipelines.gate import Gate
from doubtcli.pipelines.review import choose_name, choose_verdict_folder, reopen_session
from doubtcli.progress import Silence
from doubtcli.records import OnConflict
from doubtcli.report.notebook import render_for_notebook
from doubtcli.store.document import render_document
from doubtcli.store.folder import DOCUMENT, StoredAudit, add_hash, write_described_audit, write_parquet
from doubtcli.store.open import open_judged_audit
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from doubtcli.api.keywords import Data, Limit, Names
    from doubtcli.files.frame import Frame
    from doubtcli.gate.result import GateResult
    from doubtcli.pipelines.apply import CorrectedFrame
    from doubtcli.records import AuditComparison, NoiseRate, Settled, Skill
    from doubtcli.records.relabelling import ApplyResult
    from doubtcli.store.open import FoundAudit

OTHER_AUDIT = "nothing was changed: correct the verdicts, or apply them to the audit of their queue"
NUMBERS_OF_QUEUE = frozenset({"doubt_score", "doubt_inclusion"})


class Audit:
    """What a scan found. Made by `scan` and `open_audit`; shows itself in a notebook."""

    def __init__(
        self, found: FoundAudit, frame: Frame | None, queue_csv: bytes, make_page: Callable[[], str]
    ) -> None:
        self._found = found
        self._frame = frame
        self._queue_csv = queue_csv
        self._make_page = make_page

    # ------------------------------------------------------------------ what was found

    @property
    def doubts(self) -> pd.DataFrame:
        """Every row with its doubt, in the order and with the index of the table that was judged.

        `doubt` runs from 0 (none) to 1 (most); it is missing where a row has no label. `doubted` marks the
        doubted rows, `suggested_label` is what we would write instead, `why` says what speaks against the
        given label, and each `reason:` column has one reason's score. `row` counts from 1, `position` from 0.
        """
        table: pd.DataFrame = self._found.doubts.data.sort_by("row").to_pandas()
        table["position"] = table["row"] - 1  # audits of earlier versions lack it
        table["rank"] = table["rank"].astype("Int64")
        table["reasons"] = table["reasons"].map(list)
        table.index = pd.RangeIndex(len(table)) if self._frame is None else self._frame.index
        return table

    @property
    def queue(self) -> pd.DataFrame:
        """The rows to check, most doubted first, as `queue.csv` has them.

        `doubt_position` is a row's place in the table that was judged, from 0: `frame.iloc` takes it. Write
        the right label under `verdict` (the given one to keep it), and give the table to `apply`, or
        to the next scan as `verdicts`.
        """
        table = pd.read_csv(BytesIO(self._queue_csv), dtype=str, keep_default_na=False, na_values=[""])
        for name in NUMBERS_OF_QUEUE.intersection(table.columns):
            table[name] = pd.to_numeric(table[name])
        doubts = self._found.doubts
        positions = pd.Series(doubts.row - 1, index=doubts.row_id.to_pylist(), dtype="Int64")
        found = positions.reindex(table["doubt_id"]).reset_index(drop=True)
        table.insert(1, "doubt_position", found if found.hasnans else found.astype("int64"))
        return table

    @property
    def noise_rate(self) -> NoiseRate:
        """What is known of the share of wrong labels: `at_least`, and a `rate` where it was measured."""
        noise = self._found.document.noise_rate
        return replace(noise, why=say_in_keywords(noise.why))

    @property
    def skill(self) -> Skill:
        """Whether the models know anything about these labels."""
        return self._found.document.skill

    @property
    def notes(self) -> tuple[str, ...]:
        """All that you should know of how the table was read and judged."""
        return tuple(map(say_in_keywords, self._found.document.notes))

    def __repr__(self) -> str:
        """One line for a terminal."""
        document = self._found.document
        counts = document.counts
        return (
            f"<doubtcli.Audit of {document.source.path}: "
            f"{counts.n_doubted:,} of {counts.n_labelled:,} labels doubted>"
        )

    def _repr_html_(self) -> str:
        """The summary and the first rows of the queue, for a notebook."""
        rows = self._found.doubts.data
        doubted = set(rows.filter(rows["doubted"])["row_id"].to_pylist())
        return say_in_keywords(render_for_notebook(self._found.document, self.queue, doubted))

    # --------------------------------------------------------------- what is done with it

    @with_keywords_in_errors
    def save(self, folder: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the audit as `doubt scan` does: `audit.json`, `doubts.parquet`, `queue.csv`, `report.html`.

        Args:
            folder: Where; made if it is missing.
            force: Whether to replace our files in a folder that has anything else in it.

        Raises:
            OutputError: Something is in the way, or can't be written; nothing was changed.
        """
        found = self._found
        write_described_audit(
            found.document,
            found.doubts,
            Path(folder),
            queue_csv=self._queue_csv,
            report_html=self._make_page(),
            force=force,
        )

    @with_keywords_in_errors
    def gate(  # the flags of the command
        self,
        *,
        max_noise: Limit | None = None,
        max_doubted: Limit | None = None,
        max_contradicted: Limit | None = None,
        max_per_class: Limit | Mapping[str, Limit] | None = None,
        max_per_reason: Limit | Mapping[str, Limit] | None = None,
        max_new: Limit | None = None,
        max_conflicts: Limit | None = None,
        max_unlabelled: Limit | None = None,
        min_skill: Limit | None = None,
        require_measured: int | None = None,
        require_reason: Names | None = None,
        strict: bool | None = None,
        allow_unassessable: bool | None = None,
        baseline: str | os.PathLike[str] | None = None,
        waivers: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
    ) -> GateResult:
        """Hold the labels against limits, as `doubt gate` does; at least one is needed.

        A limit is a share ("2%", 0.02) or a whole number of rows.

        Args:
            max_noise: Of the share of wrong labels; fails if more are surely wrong, by models or by a checked
                sample.
            max_doubted: Of doubted rows.
            max_contradicted: Of rows that are doubted, or to which models would give another label.
            max_per_class: Of doubted rows of each label: one limit for all, or one by label.
            max_per_reason: Of rows doubted for each reason: one limit for all, or one by reason.
            max_new: Of doubted rows that the baseline does not know.
            max_conflicts: Of rows with the same input as another row, but a different label.
            max_unlabelled: Of rows without a label.
            min_skill: The lowest balanced accuracy that models may have on rows that they never saw.
            require_measured: It fails unless people checked so many rows of a random sample.
            require_reason: It fails if one of these reasons could not be used.
            strict: Whether to compare `max_noise` with the upper end of the interval of a checked sample.
            allow_unassessable: Whether to pass where the models have no skill.
            baseline: A file of known doubts, as `doubt baseline` wrote it.
            waivers: A file of rows that a person has checked and wants to keep.
            config: A settings file to read; none is read if it is left out.

        Raises:
            DoubtError: No limit is given, one is not valid, or a file can't be used.

        Returns:
            What was found: `passed`, and for each file its checks and findings.
        """
        given = dict(locals())
        plan = plan_gate({name: given[name] for name in GateOptions.__annotations__}, config)
        if max_new is not None and self._frame is not None:
            raise SettingsError(
                "a baseline needs a file, but this audit is of a table in memory",
                where="max_new",
                hint="save the table to a file, and scan that",
            )
        today = dt.datetime.now().astimezone().date()
        gate = Gate(plan, today, Silence(), finds_waivers=config is not None)
        return gate.run_on([self._check_data(or_backup=False)])

    @with_keywords_in_errors
    def apply(  # the flags of the command
        self,
        verdicts: Data,
        *,
        output: str | os.PathLike[str] | None = None,
        in_place: bool = False,
        force: bool = False,
        dry_run: bool = False,
        on_conflict: str = "majority",
        new_labels: bool = False,
        spread: bool = False,
        confirmed: bool = False,
        strict: bool = False,
        drop: bool = False,
        waivers: str | os.PathLike[str] | None = None,
    ) -> AppliedVerdicts:
        """Put people's verdicts in place of the labels, as `doubt apply` does.

        Of a table in memory you get a corrected copy, and nothing is written. Of a file a new one is written,
        with a ledger beside it, so that `doubt undo` can take it back.

        Args:
            verdicts: The queue with its `verdict` column filled in, labels by row id, or the path of such a
                file or of an annotation tool's export; or a list of these.
            output: The file to write. Only of an audit of a file; so for the next three.
            in_place: Whether to write over the file itself, and keep a backup.
            force: Whether to replace what is at `output`.
            dry_run: Whether to write nothing.
            on_conflict: What becomes of rows on which people differ: "majority", "unanimous", "newest",
                "skip" or "fail".
            new_labels: Whether to allow labels that the data don't have yet.
            spread: Whether a decision also holds for rows of the same input and label.
            confirmed: Whether all rows were looked at, also those left as they were.
            strict: Whether any verdict that can't be used is an error; else only if none can be used. With
                `dry_run` neither is one.
            drop: Whether to take out rows that were judged unusable.
            waivers: A file in which to waive the doubted rows whose label was kept, so that a gate that
                reads it passes them; no row is waived if it is left out.

        Raises:
            DoubtError: The verdicts can't be read, none can be used, or something is in the way; nothing was
                written.
        """
        found, audit = self._check_data(), self._queue_audit()
        sources = list(verdicts) if isinstance(verdicts, list | tuple) else [verdicts]
        request = ApplyRequest(
            found.data_path,
            tuple(os.fspath(one) for one in sources if is_path(one)),
            OutputOptions(
                None if output is None else os.fspath(output),
                in_place=in_place,
                force=force,
                dry_run=dry_run,
            ),
            drop=drop,
            strict=strict,
            new_labels=new_labels,
            spread=spread,
            on_conflict=_parse_on_conflict(on_conflict),
            waivers=None if waivers is None else os.fspath(waivers),
            waive=waivers is not None,
            answers=read_answers_in_memory(sources, confirmed=confirmed),
            open_audit=audit,
        )
        if self._frame is None:
            now = dt.datetime.now(dt.UTC)
            applied = correct_labels(request, now=now, progress=Silence())
            if not dry_run:
                refuse_unusable(applied.refusal, applied.path, OTHER_AUDIT)
            return _describe_file(applied)
        _refuse_file_options(output=output, in_place=in_place, force=force, waivers=waivers)
        corrected = correct_frame(self._frame, request, audit, found.given)
        if not dry_run:
            refuse_unusable(corrected.refusal, found.data_path, OTHER_AUDIT)
        return _describe_frame(corrected)

    @with_keywords_in_errors
    def compare(self, other: Audit | str | os.PathLike[str]) -> AuditComparison:
        """What lies between this audit and a later one of the same data, as `doubt compare` reports it.

        Args:
            other: The later audit, or its folder.

        Raises:
            InputError: The two are not of the same data, or the data of one are gone or were changed.
        """
        if isinstance(other, Audit):
            later: FoundAudit | str = other._check_data()  # noqa: SLF001  # of this class
        else:
            later = os.fspath(other)
        return compare_audits(self._check_data(), later, progress=Silence())

    @with_keywords_in_errors
    def review(self, *, as_name: str | None = None, folder: str | os.PathLike[str] | None = None) -> Review:
        """Decide on rows from Python, as in `doubt review`: what is decided is saved at once.

        The file or table is judged again; that takes little time where the cache has what the scan made.

        Args:
            as_name: Who decides; your user name if left out.
            folder: Where verdicts are kept; needed for a table in memory, else beside the file.

        Returns:
            The review: `decide`, `keep`, `accept`, `skip` and `mark_unusable` take row ids, `undo` and `redo`
            go back and forth, `verdicts` has what was decided. Its folder can be given to `apply`, or to a
            scan as `verdicts`.

        Raises:
            DoubtError: The data have changed, or the folder can't be used.
        """
        found = self._check_data(or_backup=False)
        if folder is None and self._frame is not None:
            raise SettingsError(
                "verdicts on a table in memory need a folder", where="folder", hint='folder="table.verdicts"'
            )
        place = Path(folder) if folder is not None else choose_verdict_folder(found.data_path)
        return Review(reopen_session(found, place, choose_name(as_name)))

    def _check_data(self, *, or_backup: bool = True) -> FoundAudit:
        """The audit, where its data are at hand and as they were judged."""
        found = self._found
        if found.folder is None or self._frame is not None:
            return found
        return open_judged_audit(str(found.folder), or_backup=or_backup)

    def _queue_audit(self) -> QueueAudit:
        found = self._found
        stored = StoredAudit(found.folder or Path(), found.document, found.doubts)
        content = render_document(add_hash(found.document, write_parquet(found.doubts))).encode()
        if found.folder is not None:
            content = (found.folder / DOCUMENT).read_bytes()
        return QueueAudit(stored, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, repr=False)
class AppliedVerdicts:
    """What became of people's verdicts."""

    data: Any
    """The corrected table, of the kind that was scanned; None where a file was."""
    path: str | None
    """The file that was written; None where none was."""
    changes: pd.DataFrame
    """A row for each label that was changed: `row_id`, `row` (from 1), `given_label`, `new_label` (missing
    where the row was taken out), `annotators`, `why`."""
    unapplied: pd.DataFrame
    """A row for each answer that changes nothing: `row_id`, `kind`, `why`."""
    notes: tuple[str, ...]
    """What you should know of the verdicts as a whole."""

    def __repr__(self) -> str:
        """One line."""
        changed, left = format_count(len(self.changes), "row"), format_count(len(self.unapplied), "answer")
        return f"<AppliedVerdicts: {changed} changed, {left} not applied>"


def _parse_on_conflict(word: str) -> OnConflict:
    try:
        return OnConflict(word)
    except ValueError as error:
        raise SettingsError(
            f"{word!r} is not a valid value",
            where="on_conflict",
            expected=", ".join(OnConflict),
            hint=did_you_mean(word, [one.value for one in OnConflict]),
        ) from error


def _refuse_file_options(**options: Any) -> None:  # noqa: ANN401  # of any kind
    given = [name for name, value in options.items() if value]
    if given:
        raise SettingsError(
            "this audit is of a table in memory, so there is no file to write",
            where=given[0],
            hint="take the corrected table from the result's `data`, and save it yourself",
        )


def _describe_frame(corrected: CorrectedFrame) -> AppliedVerdicts:
    decided = corrected.decided
    changes = [
        (one.row_id, one.row, one.given_label, one.verdict, ", ".join(one.annotators), one.why)
        for one in decided.changing
    ]
    return _describe(changes, decided.settled, decided.settled.notes, data=corrected.data)


def _describe_file(result: ApplyResult) -> AppliedVerdicts:
    lines = () if result.batch is None else result.batch.lines
    changes = [(one.row_id, one.row, one.old, one.new, ", ".join(one.who), one.why) for one in lines]
    return _describe(changes, result.settled, result.notes, path=result.output)


def _describe(
    changes: Sequence[tuple[Any, ...]],
    settled: Settled,
    notes: tuple[str, ...],
    *,
    data: Data = None,
    path: str | None = None,
) -> AppliedVerdicts:
    import pandas as pd

    unapplied = [(one.row_id, str(one.kind), one.why) for one in settled.unapplied]
    return AppliedVerdicts(
        data,
        path,
        pd.DataFrame(changes, columns=["row_id", "row", "given_label", "new_label", "annotators", "why"]),
        pd.DataFrame(unapplied, columns=["row_id", "kind", "why"]),
        notes,
    )
