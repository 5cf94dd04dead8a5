"""The frozen records that each stage hands to the next.

Data flows one way:

    Table ─▶ Roles, Labels ─▶ Examples ─▶ Evidence ─▶ ReasonScores ─▶ Ranking ─▶ ScanResult

Labels that are numbers are codes `0 … n_classes - 1` into `class_names`.
Unless a docstring says otherwise, rows are the labelled rows in *canonical order*:
sorted by row id, so that a shuffled file gives the same arrays.
Doubt runs from 0 (none) to 1 (most); NaN means that there is no score for a row.

A record's module is loaded when the record is first asked for: the command line starts without most of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from doubtcli.records.answers import Answer as Answer
    from doubtcli.records.answers import AnswerFile as AnswerFile
    from doubtcli.records.answers import AnswersRead as AnswersRead
    from doubtcli.records.arrays import Bools as Bools
    from doubtcli.records.arrays import Codes as Codes
    from doubtcli.records.arrays import Floats as Floats
    from doubtcli.records.audit import CONTRADICTED as CONTRADICTED
    from doubtcli.records.audit import DOUBTED as DOUBTED
    from doubtcli.records.audit import SHARE_OF_PARTS as SHARE_OF_PARTS
    from doubtcli.records.audit import TIERS as TIERS
    from doubtcli.records.audit import AuditSample as AuditSample
    from doubtcli.records.audit import ExpectedErrors as ExpectedErrors
    from doubtcli.records.audit import ExpectedWrong as ExpectedWrong
    from doubtcli.records.audit import FlagBound as FlagBound
    from doubtcli.records.audit import NoiseEstimate as NoiseEstimate
    from doubtcli.records.audit import NoiseRate as NoiseRate
    from doubtcli.records.audit import Power as Power
    from doubtcli.records.audit import Ranking as Ranking
    from doubtcli.records.audit import ScanResult as ScanResult
    from doubtcli.records.audit import Skill as Skill
    from doubtcli.records.choices import DOUBTED_FROM as DOUBTED_FROM
    from doubtcli.records.choices import OnConflict as OnConflict
    from doubtcli.records.comparison import AuditComparison as AuditComparison
    from doubtcli.records.comparison import ComparedAudit as ComparedAudit
    from doubtcli.records.comparison import Gain as Gain
    from doubtcli.records.comparison import LabelChange as LabelChange
    from doubtcli.records.comparison import RelabelScore as RelabelScore
    from doubtcli.records.comparison import RowOutcomes as RowOutcomes
    from doubtcli.records.evidence import REASON_SPEAKS as REASON_SPEAKS
    from doubtcli.records.evidence import Background as Background
    from doubtcli.records.evidence import Evidence as Evidence
    from doubtcli.records.evidence import Keeper as Keeper
    from doubtcli.records.evidence import Need as Need
    from doubtcli.records.evidence import Provider as Provider
    from doubtcli.records.evidence import ReasonScores as ReasonScores
    from doubtcli.records.evidence import SamePiece as SamePiece
    from doubtcli.records.evidence import SkippedReason as SkippedReason
    from doubtcli.records.learning import PLANTED_SHARE as PLANTED_SHARE
    from doubtcli.records.learning import Block as Block
    from doubtcli.records.learning import Duplicates as Duplicates
    from doubtcli.records.learning import Engine as Engine
    from doubtcli.records.learning import Features as Features
    from doubtcli.records.learning import Job as Job
    from doubtcli.records.learning import Model as Model
    from doubtcli.records.learning import Neighbors as Neighbors
    from doubtcli.records.learning import PairedBlock as PairedBlock
    from doubtcli.records.learning import Planting as Planting
    from doubtcli.records.learning import Predictions as Predictions
    from doubtcli.records.learning import Rows as Rows
    from doubtcli.records.queue import Queue as Queue
    from doubtcli.records.queue import QueueRow as QueueRow
    from doubtcli.records.reading import FROM_FILES as FROM_FILES
    from doubtcli.records.reading import HIT as HIT
    from doubtcli.records.reading import MISS as MISS
    from doubtcli.records.reading import NOT_INPUTS as NOT_INPUTS
    from doubtcli.records.reading import ROLES_GROUP as ROLES_GROUP
    from doubtcli.records.reading import UNDECIDED as UNDECIDED
    from doubtcli.records.reading import UNKNOWN as UNKNOWN
    from doubtcli.records.reading import UNUSABLE as UNUSABLE
    from doubtcli.records.reading import Annotations as Annotations
    from doubtcli.records.reading import Column as Column
    from doubtcli.records.reading import Couple as Couple
    from doubtcli.records.reading import Embedder as Embedder
    from doubtcli.records.reading import Examples as Examples
    from doubtcli.records.reading import FileRead as FileRead
    from doubtcli.records.reading import Fit as Fit
    from doubtcli.records.reading import InMemory as InMemory
    from doubtcli.records.reading import InputRole as InputRole
    from doubtcli.records.reading import Labels as Labels
    from doubtcli.records.reading import Listener as Listener
    from doubtcli.records.reading import ReadOptions as ReadOptions
    from doubtcli.records.reading import Role as Role
    from doubtcli.records.reading import Roles as Roles
    from doubtcli.records.reading import SideFile as SideFile
    from doubtcli.records.reading import Source as Source
    from doubtcli.records.reading import SpotCheck as SpotCheck
    from doubtcli.records.reading import SpotCheckPlace as SpotCheckPlace
    from doubtcli.records.reading import Stratum as Stratum
    from doubtcli.records.reading import Table as Table
    from doubtcli.records.reading import Verdicts as Verdicts
    from doubtcli.records.reading import name_embedders as name_embedders
    from doubtcli.records.relabelling import Decision as Decision
    from doubtcli.records.relabelling import EarlierNames as EarlierNames
    from doubtcli.records.relabelling import RowSnapshot as RowSnapshot
    from doubtcli.records.relabelling import Settled as Settled
    from doubtcli.records.relabelling import Unapplied as Unapplied
    from doubtcli.records.relabelling import UnappliedKind as UnappliedKind
    from doubtcli.records.rules import Rule as Rule
    from doubtcli.records.rules import RuleCount as RuleCount
    from doubtcli.records.rules import RuleLabels as RuleLabels
    from doubtcli.records.stored import AuditDocument as AuditDocument
    from doubtcli.records.stored import ClassCount as ClassCount
    from doubtcli.records.stored import Confusion as Confusion
    from doubtcli.records.stored import DoubtRow as DoubtRow
    from doubtcli.records.stored import DoubtTable as DoubtTable
    from doubtcli.records.stored import ReasonRun as ReasonRun
    from doubtcli.records.stored import RowCounts as RowCounts
    from doubtcli.records.stored import SampleCounts as SampleCounts
    from doubtcli.records.stored import StratumCount as StratumCount
    from doubtcli.records.stored import VerdictCounts as VerdictCounts
    from doubtcli.records.task import Suggestions as Suggestions
    from doubtcli.records.task import Task as Task
    from doubtcli.records.tool import AnswerShape as AnswerShape
    from doubtcli.records.tool import Tool as Tool

_MODULES = {
    "answers": "Answer AnswerFile AnswersRead",
    "audit": """
        CONTRADICTED DOUBTED SHARE_OF_PARTS TIERS AuditSample ExpectedErrors
        ExpectedWrong FlagBound NoiseEstimate NoiseRate Power Ranking ScanResult Skill
    """,
    "choices": "DOUBTED_FROM OnConflict",
    "comparison": "AuditComparison ComparedAudit Gain LabelChange RelabelScore RowOutcomes",
    "evidence": "REASON_SPEAKS Background Evidence Keeper Need Provider ReasonScores SamePiece SkippedReason",
    "learning": """
        PLANTED_SHARE Block Duplicates Engine Features Job Model Neighbors PairedBlock Planting
        Predictions Rows
    """,
    "queue": "Queue QueueRow",
    "reading": """
        FROM_FILES HIT MISS NOT_INPUTS ROLES_GROUP UNDECIDED UNKNOWN UNUSABLE Annotations Column
        Couple Embedder Examples FileRead Fit InMemory InputRole Labels Listener ReadOptions Role
        Roles SideFile Source SpotCheck SpotCheckPlace Stratum Table Verdicts name_embedders
    """,
    "relabelling": "Decision EarlierNames RowSnapshot Settled Unapplied UnappliedKind",
    "rules": "Rule RuleCount RuleLabels",
    "stored": """
        AuditDocument ClassCount Confusion DoubtRow DoubtTable ReasonRun RowCounts SampleCounts
        StratumCount VerdictCounts
    """,
    "task": "Suggestions Task",
    "tool": "AnswerShape Tool",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a record, or a constant
    """A record by its name, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
