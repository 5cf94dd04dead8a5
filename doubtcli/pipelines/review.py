"""The pipeline of `doubt review`: a labelled file or its audit -> a desk where a person decides on rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.paths import STANDARD_INPUT, names_a_file, resolve_parents
from doubtcli.errors import InputError, SettingsError
from doubtcli.files.table import sha256_of
from doubtcli.progress import Silence
from doubtcli.queue.make import find_picture_columns, write_scan_queue
from doubtcli.records import FROM_FILES, InMemory, Role
from doubtcli.records.answers import UNUSABLE_STATUS
from doubtcli.report.page import render_html
from doubtcli.review.conditions import select_other_columns
from doubtcli.review.desk import Desk
from doubtcli.review.export import check_page, write_page
from doubtcli.review.journal import Journal, read_source
from doubtcli.review.pictures import Pictures
from doubtcli.review.rules import RuleBook
from doubtcli.review.session import Session
from doubtcli.review.update import Basis
from doubtcli.store.cache import open_cache
from doubtcli.store.folder import SUFFIX, check_folder, default_folder, is_audit, read_audit, write_audit
from doubtcli.store.open import open_judged_audit
from doubtcli.tools.read import read_answer_files
from doubtcli.tools.verdict_lines import FOLDER_ENDING

if TYPE_CHECKING:
    from doubtcli.progress import Progress
    from doubtcli.records import Listener, ScanResult, Table
    from doubtcli.settings import ScanSettings
    from doubtcli.store.open import FoundAudit


@dataclass(frozen=True)
class ReviewRequest:
    """What to review, and who does."""

    settings: ScanSettings
    """The file, and how to judge it; or the folder of its audit."""
    annotator: str
    folder: str | None = None
    """Where verdicts are; None for the folder beside the data."""
    isolated: bool = False
    """Whether no settings file is read, so that no rule is kept in one."""


def open_review(
    request: ReviewRequest, *, progress: Progress, listener: Listener | None = None, cache: bool = True
) -> Desk:
    """The review of a file: it is scanned where its audit is not of the file as it is now.

    Args:
        request: What to review, and who does.
        progress: Shows each long stage.
        listener: Is given what was read and the notes, as soon as they are known.
        cache: Whether to use what an earlier scan kept, and to keep what this one makes.

    Raises:
        DoubtError: The file can't be used, a setting is not valid, or a reason failed.
    """
    from doubtcli.pipelines.scan import judge_and_describe

    settings, audit_folder = _find_data(request.settings)
    folder = Path(request.folder) if request.folder else choose_verdict_folder(settings.path)
    if folder.exists() and not folder.is_dir():
        raise SettingsError("it is a file, not a folder", where=str(folder), hint="name another --folder")
    if not _is_audited(settings, audit_folder):
        check_folder(audit_folder, settings.path, force=settings.force, verdicts=settings.verdicts)
    found, judged = judge_and_describe(settings, progress=progress, listener=listener, cache=cache)
    if not found.examples.n_rows:
        raise InputError("there is no labelled row to review", where=settings.path)
    if not _is_audited(settings, audit_folder):
        _write_audit(found, judged.file.table, audit_folder, settings)
    data_path = settings.path if settings is request.settings else None
    book = RuleBook(settings.rules, request.settings.config, isolated=request.isolated, data_path=data_path)
    again = partial(_judge_again, settings, folder, book, cache=cache)
    keeper = open_cache() if cache else None
    pictures = _find_pictures(judged.file.table, found)
    basis = Basis(judged.loaded, judged.curves, judged.noise_rate, again, keeper, pictures, book)
    journal = Journal(folder, request.annotator, _name_source(settings.path))
    desk = Desk(_start_session(found, judged.file.table, journal), basis)
    with progress.stage("Preparing the cards"):
        desk.prepare()
    return desk


def export_review(
    request: ReviewRequest, path: Path, *, person: str = "", progress: Progress, cache: bool = True
) -> list[str]:
    """Write the review of a file as one page, for people who don't have this program.

    Args:
        request: What to review; by nobody, so that all verdicts in the folder are those of other people.
        path: The page.
        person: The name that is proposed to who opens it.
        progress: Shows each long stage.
        cache: Whether to use what an earlier scan kept, and to keep what this one makes.

    Returns:
        What is left out, in sentences.

    Raises:
        DoubtError: The file can't be used, or something else is at the path.
    """
    check_page(path, force=request.settings.force)
    desk = open_review(request, progress=progress, cache=cache)
    with progress.stage("Writing the page"):
        return write_page(desk, path, person)


def _judge_again(settings: ScanSettings, folder: Path, book: RuleBook, *, cache: bool) -> ScanResult:
    """The audit once people have decided some rows and made some rules.

    Args:
        settings: Of the scan.
        folder: Where verdicts are.
        book: The rules.
        cache: As for `judge_with_verdicts`.
    """
    book.read_again()
    rules = book.rules
    found = judge_with_verdicts(replace(settings, rules=rules), folder, cache=cache)
    book.asked = rules
    return found


def judge_with_verdicts(settings: ScanSettings, folder: Path, *, cache: bool = True) -> ScanResult:
    """The audit of a file once people have decided some rows; it has the same rows as before.

    Rows that people call unusable stay, as if they were undecided: a review goes on with its rows.

    Args:
        settings: Of the scan.
        folder: Where verdicts are, if there are any.
        cache: Whether to use what an earlier scan kept, and to keep what this one makes.

    Raises:
        DoubtError: The file or a verdict can't be used.
    """
    from doubtcli.pipelines.scan import judge_and_describe

    again, given = replace(settings, audit_sample=None), FROM_FILES
    if folder.exists():
        read = read_answer_files([str(folder)])
        usable = tuple(one for one in read.answers if one.status != UNUSABLE_STATUS)
        again, given = replace(again, verdicts=str(folder)), InMemory(answers=replace(read, answers=usable))
    return judge_and_describe(again, progress=Silence(), given=given, cache=cache)[0]


def reopen_session(found: FoundAudit, folder: Path, annotator: str) -> Session:
    """The review of an audit that is open already; its data are judged again, from what the cache has.

    Args:
        found: The audit.
        folder: Where verdicts are.
        annotator: Who decides.

    Raises:
        DoubtError: The data can't be read, or the folder can't be used.
    """
    from doubtcli.pipelines.scan import make_audit

    made, table = make_audit(found.settings, progress=Silence(), given=found.given, cache=True)
    return _start_session(made, table, Journal(folder, annotator, _name_source(found.settings.path)))


def _start_session(audit: ScanResult, table: Table, journal: Journal) -> Session:
    others = select_other_columns(table.data, audit.examples, audit.roles.names(Role.LABEL))
    return Session(audit, journal, others)


def choose_name(given: str | None) -> str:
    """Who decides: the name that was given, or that of the user.

    Raises:
        SettingsError: It is empty, or the user has no name.
    """
    if given is not None:
        if not given.strip():
            raise SettingsError("the name is empty", where="--as", expected="your name, such as ana")
        return given.strip()
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise SettingsError("your user name is not known", where="--as", hint="give your name") from error


def choose_verdict_folder(source_path: str) -> Path:
    """The folder for the verdicts on a file: beside it, `data.csv.gz` -> `data.verdicts`.

    Where that has the verdicts on another file, such as `data.parquet`: `data.csv.gz.verdicts`.
    """
    folder = _default_verdict_folder(source_path)
    if read_source(folder) in {"", _name_source(source_path)}:
        return folder
    return folder.with_name(_name_source(source_path) + FOLDER_ENDING)


def explain_folder(source_path: str, folder: Path) -> str:
    """What is to be known of a folder of verdicts, where another file has a part in it; else "".

    Args:
        source_path: The file that is reviewed.
        folder: Where its verdicts are.
    """
    name, default = _name_source(source_path), _default_verdict_folder(source_path)
    other = read_source(folder)
    if other not in {"", name}:
        return f"{folder} has the verdicts on {other}: those on rows that are the same here count, too"
    other = read_source(default)
    if folder != default and name and other not in {"", name}:
        apart = f"so those on {name} are kept in {folder}; to share the former: --folder {default}"
        return f"{default} has the verdicts on {other}, {apart}"
    return ""


def _default_verdict_folder(source_path: str) -> Path:
    beside = default_folder(source_path)
    return beside.with_name(beside.name.removesuffix(SUFFIX) + FOLDER_ENDING)


def _name_source(source_path: str) -> str:
    """The name of a file as its verdicts keep it; "" for what is no file."""
    return resolve_parents(source_path).name if names_a_file(source_path) else ""


def _find_data(settings: ScanSettings) -> tuple[ScanSettings, Path]:
    """The settings with the path of the data where that of an audit was given, and the audit's folder."""
    if not is_audit(settings.path):
        return settings, Path(settings.output) if settings.output else default_folder(settings.path)
    found = open_judged_audit(settings.path, or_backup=False)
    return found.settings, Path(settings.path)


def _find_pictures(table: Table, found: ScanResult) -> Pictures:
    """The pictures that the rows of a file name."""
    names = find_picture_columns(table.data, found.roles)
    return Pictures.beside(found.source.path, {name: table.data.column(name) for name in names})


def _is_audited(settings: ScanSettings, folder: Path) -> bool:
    """Whether a folder has an audit of the file as it is now, made with these settings or with others.

    Such an audit stays as it is: its queue may have been filled in, and verdicts can be applied to it, too.
    """
    if settings.path == STANDARD_INPUT or not is_audit(str(folder)):
        return False
    return read_audit(folder).document.source.sha256 == sha256_of(settings.path)


def _write_audit(found: ScanResult, table: Table, folder: Path, settings: ScanSettings) -> None:
    """Write the audit as a scan does: verdicts are applied to it."""
    queue, page = write_scan_queue(found, table, settings.queue_size), render_html(found)
    write_audit(found, folder, queue_csv=queue, report_html=page, force=settings.force)
