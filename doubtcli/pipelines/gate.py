"""Labelled files or audits, and limits -> what a gate found; or a baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.file import check_writable, replace_file
from doubtcli.disk.lock import lock_folders_of
from doubtcli.disk.paths import path_from_here
from doubtcli.errors import SettingsError
from doubtcli.files.text import find_physical_lines
from doubtcli.gate.baseline.file import read_baseline, render_baseline
from doubtcli.gate.baseline.match import find_section
from doubtcli.gate.baseline.section import find_label, make_section, update_baseline
from doubtcli.gate.judge import PriorKnowledge, find_doubted, judge_file
from doubtcli.gate.limits import quote_first_names
from doubtcli.gate.result import RULES, GateResult
from doubtcli.gate.waivers.apply import apply_waivers, find_lapsed_waivers
from doubtcli.gate.waivers.read import find_waivers_file, read_waivers
from doubtcli.pipelines.find_audit import find_or_make_audit
from doubtcli.plugins import list_reasons
from doubtcli.settings import EACH
from doubtcli.store.folder import is_audit
from doubtcli.store.open import check_has_tiers, check_settings, open_judged_audit
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from doubtcli.gate.baseline.section import Baseline
    from doubtcli.gate.result import FileResult
    from doubtcli.gate.waivers.apply import AppliedWaivers
    from doubtcli.progress import Progress
    from doubtcli.settings import GatePlan, GateSettings
    from doubtcli.store.open import FoundAudit


@dataclass(frozen=True)
class Gate:
    """How to gate files: the settings, and what waivers and audits depend on."""

    plan: GatePlan
    """The flags and the settings file."""
    today: dt.date
    """The day that decides which waivers have expired."""
    progress: Progress
    """Is called at each long stage."""
    cache: bool = True
    """Whether audits may be read from the user's cache folder, and kept there."""
    finds_waivers: bool = True
    """Whether a waivers file that nobody names is looked for in its usual places."""

    def run(self, paths: Sequence[str], *, with_lines: bool = False) -> GateResult:
        """Check every file, or every audit, against its limits.

        Args:
            paths: Labelled files and directories of audits; none: the files of the settings file.
            with_lines: Whether to find the physical lines of the rows.

        Raises:
            DoubtError: A file, an audit, a baseline or a waivers file can't be used, a setting is not valid,
                or no limit is set.
        """
        return self._judge_files(self._list_paths(paths), with_lines=with_lines)

    def run_on(self, audits: Sequence[FoundAudit]) -> GateResult:
        """Check audits that are open already against their limits.

        Raises:
            DoubtError: As `run`.
        """
        return self._judge_files(audits, with_lines=False)

    def _judge_files(self, files_or_audits: Sequence[str | FoundAudit], *, with_lines: bool) -> GateResult:
        known = self._read_waivers()
        files = [self._judge_file(one, known, with_lines=with_lines) for one in files_or_audits]
        _check_limited_labels(files)
        rules = dict(RULES)
        for file in files:
            rules |= file.rules
        return GateResult(
            files=tuple(file.result for file in files),
            waivers_path=known.waivers_path or None,
            lapsed=find_lapsed_waivers(known.waivers, [file.applied for file in files]),
            version=version("doubtcli"),
            rules=rules,
        )

    def write_baseline(self, paths: Sequence[str], path: str, *, overwrite: bool = False) -> Baseline:
        """Write the doubts of these files to a baseline; what it has on other files is kept.

        If two runs write the same baseline at once, one waits for the other.

        Args:
            paths: Labelled files and directories of audits; none: the files of the settings file.
            path: The baseline file.
            overwrite: Whether to replace the file, instead of adding to the baseline in it.

        Raises:
            DoubtError: As `run`; or the file exists and is not a baseline.
        """
        if Path(path).exists() and not overwrite:
            read_baseline(path)  # so that an error in it is raised before a long scan
        check_writable(Path(path), b"")
        known = self._read_waivers()
        audits = [self._find_audit(one) for one in self._list_paths(paths)]
        sections = [
            make_section(
                one.data_path, path, one.document, one.doubts, waived=_find_waived_doubts(one, known)
            )
            for one in audits
        ]
        inputs = [*(one.data_path for one in audits), *filter(None, [self.plan.config, known.waivers_path])]
        with lock_folders_of(Path(path).resolve()):
            old = read_baseline(path) if Path(path).exists() and not overwrite else None
            made = update_baseline(old, path, sections)
            text = render_baseline(made.sections)
            data = [one.data_path for one in audits]
            replace_file(Path(path), text.encode(errors="surrogatepass"), made_from=data, never=inputs)
        return made

    def _judge_file(self, one: str | FoundAudit, known: PriorKnowledge, *, with_lines: bool) -> _JudgedFile:
        """Check one file against its limits; an error in these is raised before a long scan."""
        given = self._open_audit(one) if isinstance(one, str) and is_audit(one) else one
        limits = self._find_limits(given if isinstance(given, str) else given.data_path)
        baseline = read_baseline(limits.baseline) if limits.baseline else None
        found = self._find_audit(given, baseline) if isinstance(given, str) else given
        check_has_tiers(found)
        notes = found.notes
        if baseline is not None:
            section, named, more = find_section(
                baseline, found.data_path, found.document, found.doubts, found.read_data
            )
            known = replace(known, section=section, baseline_path=baseline.path, named=named)
            notes = (*notes, *more)
        result, applied = judge_file(found.document, found.doubts, found.data_path, limits, known)
        folder = None if found.folder is None else str(found.folder)
        result = replace(result, audit=folder, origin=found.origin, notes=notes)
        return _JudgedFile(
            result=_add_lines(result, found) if with_lines else result,
            applied=applied,
            limited_labels=frozenset(limits.max_per_class.keys() - {EACH}),
            labels=tuple(one.name for one in found.document.classes),
            rules=_describe_reasons(found),
        )

    def _find_audit(self, path: str, baseline: Baseline | None = None) -> FoundAudit:
        """The audit of a file, or in a directory; by the baseline's label column where nobody names one."""
        if is_audit(path):
            return self._open_audit(path)
        settings = self.plan.scan(path)
        found = find_or_make_audit(settings, progress=self.progress, cache=self.cache)
        label = find_label(baseline, path) if baseline and settings.label is None else None
        if label in {None, found.document.label_column} or not found.document.has_column(label):
            return found
        of_baseline = replace(settings, label=label)
        return find_or_make_audit(of_baseline, progress=self.progress, cache=self.cache)

    def _open_audit(self, path: str) -> FoundAudit:
        found = open_judged_audit(path, or_backup=False)  # the data are gated as they are now
        check_has_tiers(found)
        check_settings(found, self.plan.scan_values(found.data_path))
        return found

    def _list_paths(self, paths: Sequence[str]) -> Sequence[str]:
        named = tuple(dict.fromkeys(map(path_from_here, paths or self.plan.paths)))
        if not named:
            raise SettingsError(
                "no file is given",
                where="DATA",
                expected="a labelled file or the directory of an audit",
                hint='name a file, or add it to the settings file as [gate.files."data.csv"]',
            )
        return named

    def _find_limits(self, data_path: str) -> GateSettings:
        settings = self.plan.limits(data_path)
        if not settings.has_limit:
            raise SettingsError(
                f"no limit is set for {data_path}",
                where="doubt gate",
                expected="at least one limit, to pass or fail",
                hint="add --max-noise 3%, or --max-new 0 with a baseline; `doubt gate -h` lists all limits",
            )
        if settings.max_new is not None and settings.baseline is None:
            raise SettingsError(
                "new doubts can't be found without a baseline",
                where="--max-new",
                hint=f"write one: doubt baseline {data_path}; then add --baseline .doubt-baseline.json",
            )
        return settings

    def _read_waivers(self) -> PriorKnowledge:
        path = find_waivers_file(self.plan) if self.finds_waivers else self.plan.waivers or ""
        waivers = read_waivers(path, [reason.name for reason in list_reasons()]) if path else ()
        return PriorKnowledge(waivers, path, self.today)


@dataclass(frozen=True)
class _JudgedFile:
    """What the gate found in one file, and what is needed to check all files together."""

    result: FileResult
    applied: AppliedWaivers
    """The findings with their waivers, and the waivers that applied to none."""
    limited_labels: frozenset[str]
    """The labels that limits name."""
    labels: tuple[str, ...]
    """The labels in the file."""
    rules: Mapping[str, str]
    """What each reason means, as a sentence."""


def _check_limited_labels(files: Sequence[_JudgedFile]) -> None:
    """Refuse a name that is not a label in any file: a limit on it would always be met."""
    labels = list(dict.fromkeys(label for file in files for label in file.labels))
    for name in sorted({name for file in files for name in file.limited_labels} - {*labels}):
        raise SettingsError(
            f"no row has the label {name!r}",
            where="max-per-class",
            expected=f"one of {quote_first_names(labels)}",
            hint=did_you_mean(name, labels),
        )


def _add_lines(result: FileResult, found: FoundAudit) -> FileResult:
    """The same result, each finding with the physical lines of its row."""
    rows = {finding.row for finding in result.findings}
    lines = find_physical_lines(found.source, rows)
    return replace(result, findings=tuple(replace(one, lines=lines.get(one.row)) for one in result.findings))


def _find_waived_doubts(found: FoundAudit, known: PriorKnowledge) -> set[int]:
    """The numbers of the doubted rows that are waived."""
    applied = apply_waivers(
        known.waivers,
        find_doubted(found.doubts, found.data_path),
        found.doubts,
        waivers_path=known.waivers_path,
        data_path=found.data_path,
        today=known.today,
    )
    return {finding.row for finding in applied.findings if finding.waiver is not None}


def _describe_reasons(found: FoundAudit) -> dict[str, str]:
    """What each reason means, as a sentence."""
    return {one.name: f"{one.because[:1].upper()}{one.because[1:]}." for one in found.document.reasons}
