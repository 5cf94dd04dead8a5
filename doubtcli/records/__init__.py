"""The frozen records that each stage hands to the next.

Data flows one way:

    Table ─▶ Roles, Labels ─▶ Examples ─▶ Evidence ─▶ ReasonScores ─▶ Ranking ─▶ ScanResult

Labels that are numbers are codes `0 … n_classes - 1` into `class_names`.
Unless a docstring says otherwise, rows are the labelled rows in *canonical order*:
sorted by row id, so that a shuffled file gives the same arrays.
Doubt runs from 0 (none) to 1 (most); NaN means that there is no score for a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.records.answers import Answer, AnswerFile, AnswersRead
from doubtcli.records.audit import (
    CONTRADICTED,
    DOUBTED,
    DOUBTED_FROM,
    SHARE_OF_PARTS,
    TIERS,
    AuditSample,
<<<<<<< HEAD
    FlagBound,
    NoiseModel,
=======
    ExpectedWrong,
    NoiseEstimate,
>>>>>>> 1806e8b (Take the probability of an error from labelled sets whose errors are known)
    NoiseRate,
    Power,
    Ranking,
    ScanResult,
    Skill,
)
from doubtcli.records.comparison import (
    AuditComparison,
    ComparedAudit,
    Gain,
    LabelChange,
    RelabelScore,
    RowOutcomes,
)
from doubtcli.records.evidence import (
    REASON_SPEAKS,
    Background,
    Evidence,
    Need,
    Provider,
    ReasonScores,
    SkippedReason,
)
from doubtcli.records.learning import (
    PLANTED_SHARE,
    Block,
    Duplicates,
    Engine,
    Features,
    Job,
    Model,
    Neighbors,
    PairedBlock,
    Planting,
    Predictions,
)
from doubtcli.records.queue import Queue, QueueRow
from doubtcli.records.reading import (
    FROM_FILES,
    HIT,
    MISS,
    NOT_INPUTS,
    ROLES_GROUP,
    UNDECIDED,
    UNKNOWN,
    UNUSABLE,
    Annotations,
    Column,
    Couple,
    Embedder,
    Examples,
    FileRead,
    Fit,
    InMemory,
    InputRole,
    Labels,
    Listener,
    ReadOptions,
    Role,
    Roles,
    SideFile,
    Source,
    SpotCheck,
    SpotCheckPlace,
    Stratum,
    Table,
    Verdicts,
    name_embedders,
)
from doubtcli.records.relabelling import (
    Decision,
    EarlierNames,
    OnConflict,
    RowSnapshot,
    Settled,
    Unapplied,
    UnappliedKind,
)
from doubtcli.records.stored import (
    AuditDocument,
    ClassCount,
    Confusion,
    DoubtRow,
    DoubtTable,
    ReasonRun,
    RowCounts,
    SampleCounts,
    StratumCount,
    VerdictCounts,
)
from doubtcli.records.task import Suggestions, Task
from doubtcli.records.tool import AnswerShape, Tool

if TYPE_CHECKING:
    from doubtcli.records.arrays import Bools as Bools
    from doubtcli.records.arrays import Codes as Codes
    from doubtcli.records.arrays import Floats as Floats

__all__ = [
    "CONTRADICTED",
    "DOUBTED",
    "DOUBTED_FROM",
    "FROM_FILES",
    "HIT",
    "MISS",
    "NOT_INPUTS",
    "PLANTED_SHARE",
    "REASON_SPEAKS",
    "ROLES_GROUP",
    "SHARE_OF_PARTS",
    "TIERS",
    "UNDECIDED",
    "UNKNOWN",
    "UNUSABLE",
    "Annotations",
    "Answer",
    "AnswerFile",
    "AnswerShape",
    "AnswersRead",
    "AuditComparison",
    "AuditDocument",
    "AuditSample",
    "Background",
    "Block",
    "ClassCount",
    "Column",
    "ComparedAudit",
    "Confusion",
    "Couple",
    "Decision",
    "DoubtRow",
    "DoubtTable",
    "Duplicates",
    "EarlierNames",
    "Embedder",
    "Engine",
    "Evidence",
    "Examples",
    "ExpectedWrong",
    "Features",
    "FileRead",
    "Fit",
    "FlagBound",
    "Gain",
    "InMemory",
    "InputRole",
    "Job",
    "LabelChange",
    "Labels",
    "Listener",
    "Model",
    "Need",
    "Neighbors",
    "NoiseEstimate",
    "NoiseRate",
    "OnConflict",
    "PairedBlock",
    "Planting",
    "Power",
    "Predictions",
    "Provider",
    "Queue",
    "QueueRow",
    "Ranking",
    "ReadOptions",
    "ReasonRun",
    "ReasonScores",
    "RelabelScore",
    "Role",
    "Roles",
    "RowCounts",
    "RowOutcomes",
    "RowSnapshot",
    "SampleCounts",
    "ScanResult",
    "Settled",
    "SideFile",
    "Skill",
    "SkippedReason",
    "Source",
    "SpotCheck",
    "SpotCheckPlace",
    "Stratum",
    "StratumCount",
    "Suggestions",
    "Table",
    "Task",
    "Tool",
    "Unapplied",
    "UnappliedKind",
    "VerdictCounts",
    "Verdicts",
    "name_embedders",
]
