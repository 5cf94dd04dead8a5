"""Labelled files or audits, and limits -> what a gate found; or a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.audits import as_told, audit_of, check_said, given_audit, is_audit
from doubtcli.errors import SettingsError
from doubtcli.gate.baseline import (
    find_section,
    make_section,
    read_baseline,
    render_baseline,
    update_baseline,
)
from doubtcli.gate.judge import Known, judge
from doubtcli.gate.result import RULES, GateResult
from doubtcli.gate.waivers import apply_waivers, find_waivers, lapsed_waivers, read_waivers
from doubtcli.plugins import list_reasons
from doubtcli.settings import EACH

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from doubtcli.audits import FoundAudit
    from doubtcli.gate.baseline import Baseline
    from doubtcli.gate.result import FileResult, Waiver
    from doubtcli.gate.waivers import AppliedWaivers
    from doubtcli.progress import Progress
    from doubtcli.settings import GatePlan, GateSettings


_MOST_NAMED = 5


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
        became: list[AppliedWaivers] = []
        rules, labels = dict(RULES), _Labels()
        for path in self._named(paths):
            found, settings, baseline = self._found(path)
            known, notes = self._known(waivers, waivers_path, baseline, found)
            result, applied = judge(found.document, found.doubts, found.data_path, settings, known)
            became.append(applied)
            rules |= _rules(found)
            labels.add(settings, found)
            told = _told(result, found, (*found.notes, *notes))
            files.append(_with_lines(told, found) if with_lines else told)
        labels.check()
        lapsed = lapsed_waivers(waivers, became)
        return GateResult(tuple(files), waivers_path or None, lapsed, version("doubtcli"), rules)

    def write_baseline(self, paths: Sequence[str], path: str, *, anew: bool = False) -> Baseline:
        """Write down what is known of these files now; what the baseline says of other files stays.

        Of two runs at once on one baseline, one waits for the other to write.

        Args:
            paths: Labelled files and directories of audits; none: the files of the settings file.
            path: Where the baseline is to stand.
            anew: Whether to pass over what stands there.

        Raises:
            DoubtError: As `run`; or something else stands there.
        """
        from doubtcli.disk.file import replace_file
        from doubtcli.disk.lock import lock_folders_of

        if Path(path).exists() and not anew:
            read_baseline(path)  # what is wrong with it is told before a scan
        waivers_path, waivers = self._waivers()
        known = Known(waivers, waivers_path, self.today)
        found = [self._given(one) if is_audit(one) else self._scanned(one) for one in self._named(paths)]
        sections = [
            make_section(one.data_path, path, one.document, one.doubts, waived=_waived(one, known))
            for one in found
        ]
        inputs = [*(one.data_path for one in found), *filter(None, [self.plan.config, waivers_path])]
        with lock_folders_of(Path(path).resolve()):
            old = read_baseline(path) if Path(path).exists() and not anew else None
            made = update_baseline(old, path, sections)
            text = render_baseline(made.sections)
            replace_file(Path(path), text.encode(errors="surrogatepass"), never=inputs)
        return made

    def _found(self, path: str) -> tuple[FoundAudit, GateSettings, Baseline | None]:
        """The audit of a file, its limits and its baseline; what is wrong with these is told first."""
        given = self._given(path) if is_audit(path) else None
        settings = self._limits(path if given is None else given.data_path)
        baseline = read_baseline(settings.baseline) if settings.baseline else None
        return given or self._scanned(path), settings, baseline

    def _given(self, path: str) -> FoundAudit:
        found = given_audit(path, or_backup=False)  # what is gated are the data as they are now
        check_said(found, self.plan.said(found.data_path))
        return found

    def _scanned(self, path: str) -> FoundAudit:
        return audit_of(self.plan.scan(path), progress=self.progress, cache=self.cache)

    def _named(self, paths: Sequence[str]) -> Sequence[str]:
        named = tuple(dict.fromkeys(map(as_told, paths or self.plan.paths)))
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

    def _waivers(self) -> tuple[str, tuple[Waiver, ...]]:
        """The file of waivers and what stands in it; "" where there is none."""
        path = find_waivers(self.plan)
        return path, read_waivers(path, [reason.name for reason in list_reasons()]) if path else ()

    def _known(
        self, waivers: Sequence[Waiver], waivers_path: str, baseline: Baseline | None, found: FoundAudit
    ) -> tuple[Known, tuple[str, ...]]:
        known = Known(waivers, waivers_path, self.today)
        if baseline is None:
            return known, ()
        section, notes = find_section(baseline, found.data_path, found.document, found.doubts)
        return replace(known, section=section, baseline_path=baseline.path), notes


@dataclass
class _Labels:
    """The labels that limits name, and those that there are in any of the files."""

    named: set[str] = field(default_factory=set)
    there: dict[str, None] = field(default_factory=dict)

    def add(self, settings: GateSettings, found: FoundAudit) -> None:
        """Take down those of one file."""
        self.named |= settings.max_per_class.keys() - {EACH}
        self.there |= dict.fromkeys(one.name for one in found.document.classes)

    def check(self) -> None:
        """Refuse a name that no row of any file bears: a limit on it would always be met."""
        for name in sorted(self.named - self.there.keys()):
            near = get_close_matches(name, self.there, n=1)
            shown = ", ".join(map(repr, list(self.there)[:_MOST_NAMED]))
            raise SettingsError(
                f"no row bears the label {name!r}",
                where="max-per-class",
                expected=f"one of {shown}{', …' if len(self.there) > _MOST_NAMED else ''}",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )


def _told(result: FileResult, found: FoundAudit, notes: tuple[str, ...]) -> FileResult:
    folder = None if found.folder is None else str(found.folder)
    return replace(result, audit=folder, origin=found.origin, notes=notes)


def _with_lines(result: FileResult, found: FoundAudit) -> FileResult:
    """The same, each finding with the physical lines of its row."""
    from doubtcli.files.text import find_physical_lines

    rows = {finding.row for finding in result.findings}
    lines = find_physical_lines(found.source, rows, quoting=found.settings.quoting)
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
    return {one.name: f"{one.because[:1].upper()}{one.because[1:]}." for one in found.document.reasons}
