from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.files.values import Distinct
from doubtcli.read.roles.left_out import count_words, has_few_values


@given(st.lists(st.text(" \t\n\r\f\vab\u00a0é", max_size=6), max_size=8))
def test_words_are_counted_as_by_a_pattern(texts: list[str]) -> None:
    r"""White space is what RE2's `\s` matches; also in a part of an array, and where texts are empty."""
    values = pa.array(["z z", *texts, "z z"], pa.large_string()).slice(1, len(texts))

    gaps = pc.sum(pc.count_substring_regex(values, r"\s+")).as_py() or 0

    assert count_words(Distinct(values, np.arange(len(texts)))) == 1 + gaps / max(1, len(texts))


@pytest.mark.parametrize(("times", "is_few"), [(1, False), (2, True)])
def test_few_values_recur(times: int, is_few: bool) -> None:
    """Each of three values has to occur twice on average, however short they are."""
    values = Distinct(pa.array(["a", "b", "c"], pa.large_string()), np.repeat(np.arange(3), times))

    assert has_few_values(values) is is_few
