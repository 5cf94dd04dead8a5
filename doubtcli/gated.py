"""Labelled files or audits, and limits -> what a gate found; or a baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.audits import audit_of, data_path_of, given_audit, is_audit
from doubtcli.errors import SettingsError
from doubtcli.gate.baseline import find_section, make_section, read_baseline, update_baseline
from doubtcli.gate.judge import Known, judge
from doubtcli.gate.result import RULES, GateResult
from doubtcli.gate.waivers import WAIVERS, apply_waivers, lapsed_waivers, read_waivers
from doubtcli.plugins import list_reasons

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from doubtcli.audits import FoundAudit
    from doubtcli.gate.baseline import Baseline
    from doubtcli.gate.result import FileResult, Waiver
    from doubtcli.gate.waivers import Applied
    from doubtcli.progress import Progress
    from doubtcli.settings import GatePlan, GateSettings


@dataclass(frozen=True)
class Gate:
    """How files are to be gated."""

    plan: GatePlan
    """What flags and settings file say."""
    today: dt.date
    """By which waivers expire."""
    progress: Progress
    """Told of each long stage."""
    cache: bool = True
    """Whether audits may be taken from the user's cache folder, and kept there."""

    def run(self, paths: Sequence[str], *, with_lines: bool = False) -> GateResult:
        """Hold every file, or every audit, against its limits.

        Args:
            paths: Labelled files and directories of audits; none: the files of the settings file.
            with_lines: Whether to find the physical lines of the rows.

        Raises:
            DoubtError: A file, an audit, a baseline or a file of waivers can't be used, a setting makes no
                sense, or no limit is set.
        """
        waivers_path, waivers = self._waivers()
        files: list[FileResult] = []
        became: list[Applied] = []
        rules = dict(RULES)
        for path in self._named(paths):
            data_path = data_path_of(path) if is_audit(path) else path
            settings = self._limits(data_path)
            baseline = read_baseline(settings.baseline) if settings.baseline else None
            found = self._find(path, data_path)
            known, notes = self._known(waivers, waivers_path, baseline, found)
            result, applied = judge(found.summary, found.doubts, data_path, settings, known)
            became.append(applied)
            rules |= _rules(found)
            told = _told(result, found, (*found.notes, *notes))
            files.append(_with_lines(told, found) if with_lines else told)
        lapsed = lapsed_waivers(waivers, became)
        return GateResult(tuple(files), waivers_path or None, lapsed, version("doubtcli"), rules)

    def baseline(self, paths: Sequence[str], path: str, *, anew: bool = False) -> Baseline:
        """The baseline at `path`, if there is one, with what is to be known of these files now; not written.

        Args:
            paths: Labelled files and directories of audits; none: the files of the settings file.
            path: Where the baseline is to stand.
            anew: Whether to pass over what stands there.

        Raises:
            DoubtError: As `run`.
        """
        old = read_baseline(path) if Path(path).exists() and not anew else None
        waivers_path, waivers = self._waivers()
        sections = []
        for named in self._named(paths):
            data_path = data_path_of(named) if is_audit(named) else named
            found = self._find(named, data_path)
            known = Known(waivers, waivers_path, self.today)
            applied = _waived(found, known)
            sections.append(make_section(data_path, path, found.summary, found.doubts, waived=applied))
        return update_baseline(old, path, sections)

    def _named(self, paths: Sequence[str]) -> Sequence[str]:
        named = tuple(dict.fromkeys(paths or self.plan.paths))
        if not named:
            raise SettingsError(
                "no file is named",
                where="DATA",
                expected="a labelled file or the directory of an audit",
                hint='name one, or put it into the settings file as [gate.files."data.csv"]',
            )
        return named

    def _limits(self, data_path: str) -> GateSettings:
        settings = self.plan.limits(data_path)
        if not settings.has_limit:
            raise SettingsError(
                f"no limit is set for {data_path}",
                where="doubt gate",
                expected="a limit, for nothing else can pass or fail",
                hint="add --max-noise 3%, or --max-new 0 with a baseline; `doubt gate -h` lists all limits",
            )
        if settings.max_new is not None and settings.baseline is None:
            raise SettingsError(
                "it needs a baseline to tell what is new",
                where="--max-new",
                hint=f"write one: doubt baseline {data_path}; then add --baseline .doubt-baseline.json",
            )
        return settings

    def _find(self, path: str, data_path: str) -> FoundAudit:
        if is_audit(path):
            return given_audit(path, self.plan.said(data_path))
        return audit_of(self.plan.scan(path), progress=self.progress, cache=self.cache)

    def _waivers(self) -> tuple[str, tuple[Waiver, ...]]:
        """The file of waivers and what stands in it; "" where there is none."""
        path = self.plan.waivers or (WAIVERS if Path(WAIVERS).is_file() else "")
        return path, read_waivers(path, [reason.name for reason in list_reasons()]) if path else ()

    def _known(
        self, waivers: Sequence[Waiver], waivers_path: str, baseline: Baseline | None, found: FoundAudit
    ) -> tuple[Known, tuple[str, ...]]:
        known = Known(waivers, waivers_path, self.today)
        if baseline is None:
            return known, ()
        section, notes = find_section(baseline, found.data_path, found.summary, found.doubts)
        return replace(known, section=section, baseline_path=baseline.path), notes


def _told(result: FileResult, found: FoundAudit, notes: tuple[str, ...]) -> FileResult:
    folder = None if found.folder is None else str(found.folder)
    return replace(result, audit=folder, origin=found.origin, notes=notes)


def _with_lines(result: FileResult, found: FoundAudit) -> FileResult:
    """The same, each finding with the physical lines of its row."""
    from doubtcli.read.lines import physical_lines

    rows = {finding.row for finding in result.findings}
    lines = physical_lines(found.source, rows, quoted=found.settings.quoting != "none")
    return replace(result, findings=tuple(replace(one, lines=lines.get(one.row)) for one in result.findings))


def _waived(found: FoundAudit, known: Known) -> set[int]:
    """The rows that a person waived, by their place in the file."""
    from doubtcli.gate.findings import doubted_findings

    applied = apply_waivers(
        known.waivers,
        doubted_findings(found.doubts, found.data_path),
        found.doubts,
        waivers_path=known.waivers_path,
        data_path=found.data_path,
        today=known.today,
    )
    return {finding.row for finding in applied.findings if finding.waiver is not None}


def _rules(found: FoundAudit) -> dict[str, str]:
    """What each reason means, as a sentence."""
    run = found.summary["reasons"]["run"]
    return {one["name"]: f"{one['because'][:1].upper()}{one['because'][1:]}." for one in run}
