"""What a column's name says: that it is a label, an attribute of a row, a truth, an annotator."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def word_set(words: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(words.split())


USUAL_NAMES = (
    "label",
    "labels",
    "given_label",
    "final_label",
    "class_label",
    "target",
    "intent",
    "sentiment",
    "emotion",
    *("étiquette", "etikett", "etichetta", "etiqueta", "rótulo", "zielvariable", "метка"),
    *("标签", "标注", "标记", "標籤", "ラベル", "라벨", "레이블"),
)
"""Names that only labels have, surest first; not `gold` or `true_label`, which are meant to be right."""

OFTEN_LABELS = word_set(
    """
    class category topic y outcome species diagnosis response result polarity stance verdict decision
    depvar churn attrition fraud spam toxicity klasse clase classe kategorie categoria categoría
    catégorie ziel objetivo cible resultado ergebnis
    класс категория 类别 分类 類別 クラス カテゴリ カテゴリー 분류 카테고리
    """
)
"""Names that labels often have, and other columns now and then."""

OUTCOMES = word_set(
    """
    survived survival died churned defaulted default exited attrited converted purchased purchase bought
    approved denied deny rejected accepted admitted hired failed fail failure passed won clicked
    subscribed cancelled canceled returned fraudulent malignant toxic offensive hateful hate sarcastic
    infected relapsed readmitted recovered vote voted choice chosen arrested arrest
    """
)
"""What happened to a row, or what somebody chose: hardly ever a mere attribute."""

MAYBE_LABELS = word_set(
    """
    type kind status quality grade severity risk event death dead case answer answers rating stars
    condition disease disorder direction signal genre income use mode improved typ tipo статус тип 类型
    """
)
"""Names that labels have as often as attributes."""

OFTEN_ATTRIBUTES = word_set(
    """
    sex gender race ethnicity ethnic eth religion nationality region state county country city town
    province district zip zipcode postcode island location loc site place area zone continent
    neighborhood neighbourhood address street ward year yr month mnth week day weekday hour minute
    season quarter date time age agegp agegrp birth period decade wave session visit round trial run
    name firstname lastname title author user speaker source channel language lang id code index idx no
    nr number num count n freq rank order seq batch block rep replicate plot treatment treat trt dose
    drug arm rx subject patient participant person animal family litter mother father household group
    grp stratum strata fold split set series dataset variable symbol education educ edu married marital
    children child kids occupation job major school department dept manufacturer make brand model maker
    vendor color colour size unit units currency cyl cylinders smoker smoke urban rural judge rater
    annotator coder worker reviewer customer team league division geschlecht jahr monat tag land stadt
    alter datum sexo genero género año mes edad país pais ciudad fecha sexe âge année mois pays ville
    пол возраст город год 性别 年龄 城市 日期 年 性別 年齢 都道府県 성별 나이
    """
)
"""Names of what describes a row: who, where, when, how it was collected."""

OTHER_ANSWER = re.compile(
    r"(^|_)(true|truth|gold|golden|correct|corrected|real|clean|original|actual|expert|consensus|"
    r"pred|preds|predicted|prediction|predictions|suggested|guess|weak|noisy)(_|$)|^is_(error|wrong|noisy)"
)
"""Names of columns that have the truth, a prediction or a verdict rather than the labels to judge."""


def to_snake_case(name: str) -> str:
    """A column's name in snake_case: "Given Label", "givenLabel" and "given-label" are all "given_label"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")


def split_words(name: str) -> tuple[str, ...]:
    """The words of a column's name in any script, in lower case and without digits at their end.

    Example:
        >>> split_words("Ketchup.choice"), split_words("vote88"), split_words("isFraud"), split_words("标签")
        (('ketchup', 'choice'), ('vote',), ('is', 'fraud'), ('标签',))
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name))
    parts = (part.rstrip("0123456789") for part in re.split(r"[\W_]+", words.lower()))
    return tuple(part for part in parts if part)


def weigh_name(name: str, *, is_plain: bool = True) -> float:
    """What a column's name says: above 0 for a label, below 0 for an attribute of a row or another answer.

    Args:
        name: The column's name.
        is_plain: Whether its values are words, or two numbers: a status from 1 to 5 is a scale.
    """
    words = split_words(name)
    if OTHER_ANSWER.search(to_snake_case(name)):
        return -4.0
    if not words:
        return 0.0
    points = _weigh_words(name, words, is_plain=is_plain)
    if words[0] in {"is", "has"} and len(words) > 1:
        points += 1.0
    if OFTEN_ATTRIBUTES.intersection(words):
        points -= 3.0 if words[-1] in OFTEN_ATTRIBUTES else 2.0
    return points


def _weigh_words(name: str, words: Sequence[str], *, is_plain: bool) -> float:
    """What speaks for a label in a name; its last word says what it is."""
    last, is_whole = words[-1], len(words) == 1
    if OUTCOMES.intersection(words):
        return 5.0 if is_whole else 4.0 if last in OUTCOMES else 2.0
    if last in {"label", "labels"}:
        return 4.0
    if name[-1:].isdigit():  # one of a series
        return 0.0
    if last in OFTEN_LABELS:
        return 4.0 if is_whole else 0.0 if last == "y" else 2.5
    if last in MAYBE_LABELS:
        return 1.0 if not is_whole else 3.0 if is_plain else 1.5
    return 0.0
