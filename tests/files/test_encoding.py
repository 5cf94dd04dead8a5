# ruff: noqa: RUF001  # letters of other scripts are what is tested
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import InputError
from doubtcli.files.encoding import choose_second_encoding
from doubtcli.files.source import open_source
from doubtcli.files.table import read_table
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences


def write(folder: Path, name: str, content: bytes) -> str:
    """The path of a new file with this content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_sets_the_encoding(tmp_path: Path, encoding: str) -> None:
    """A byte order mark sets the encoding, and is not part of the first column's name."""
    path = write(tmp_path, "rows.csv", "größe,label\n12 µm,ja\n".encode(encoding))

    table = read_table(path)

    assert table.data.to_pylist() == [{"größe": "12 µm", "label": "ja"}]
    assert table.source.encoding == encoding


@pytest.mark.parametrize(
    ("written", "given", "recorded"),
    [
        ("utf-16-le", "utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be", "utf-16-be"),
        ("utf-16", "utf-16", "utf-16"),
        ("utf-16", "utf-16-le", "utf-16"),
        ("utf-8-sig", "UTF-8", "utf-8-sig"),
        ("shift-jis", "shift-jis", "shift-jis"),
        ("windows-1251", "cp1251", "cp1251"),
    ],
)
def test_given_encoding_is_used(tmp_path: Path, written: str, given: str, recorded: str) -> None:
    """The encoding given is used, and a byte order mark that agrees with it is read as a mark."""
    path = write(tmp_path, "rows.csv", "имя,label\nжди,0\nиюль,1\n".encode(written))

    table = read_table(path, ReadOptions(encoding=given))

    assert table.data.to_pylist() == [{"имя": "жди", "label": "0"}, {"имя": "июль", "label": "1"}]
    assert table.source.encoding == recorded


def test_latin_1_is_read_with_a_note(tmp_path: Path, sentences: Sentences) -> None:
    """Text that is not UTF-8 is read as Latin-1, with a note that names the byte, its place and an option."""
    path = write(tmp_path, "rows.csv", "text,label\nok,a\nmüde,b\n".encode("latin-1"))

    table = read_table(path)

    assert table.data["text"].to_pylist() == ["ok", "müde"]
    assert table.source.encoding == "latin-1"
    (note,) = table.notes
    assert "byte 0xFC at offset 17, line 3" in note
    sentences.check(note)


def test_windows_1252_is_read_with_a_note(tmp_path: Path) -> None:
    """Bytes that are letters and quotes only in Windows-1252 are read as that."""
    path = write(tmp_path, "rows.csv", "text,label\n“so”,a\n5 €,b\n".encode("cp1252"))

    table = read_table(path)

    assert table.data["text"].to_pylist() == ["“so”", "5 €"]
    assert table.source.encoding == "windows-1252"
    assert "windows-1252" in table.notes[0]


def test_late_latin_1_is_found_with_its_line(tmp_path: Path) -> None:
    """The first stray byte is named even if it is megabytes into the file."""
    head = b"text,label\r\n" + b"plain words,a\r\n" * 40_000
    path = write(tmp_path, "rows.csv", head + b"caf\xe9,b\r\n")

    table = read_table(path)

    assert table.data["text"][-1].as_py() == "café"
    assert f"(byte 0xE9 at offset {len(head) + 3}, line 40002)" in table.notes[0]


def test_damaged_utf_8_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """One bad byte in good UTF-8 is an error: as Latin-1, all other letters would be garbled."""
    path = write(tmp_path, "rows.csv", "text,label\nmüde,a\nöd,b\n".encode() + b"caf\xe9,c\n")

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert caught.value.line == 4
    assert "byte 0xE9 at offset 28" in caught.value.found
    sentences.check(caught.value)


def test_text_that_is_neither_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """The encoding is not guessed if the text has bytes that Windows-1252 lacks, and fits no other."""
    path = write(tmp_path, "rows.csv", b"text,label\n" + bytes(range(0x80, 0x100)) * 3 + b",x\n")

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert caught.value.line == 2
    sentences.check(caught.value)


def test_wrong_encoding_given_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """Text that the encoding given can't decode is an error with byte and line, not a guess."""
    path = write(tmp_path, "rows.csv", "text,label\nmüde,a\n".encode("latin-1"))

    with pytest.raises(InputError) as caught:
        read_table(path, ReadOptions(encoding="utf-8"))

    assert caught.value.line == 2
    assert "byte 0xFC at offset 12" in caught.value.found
    sentences.check(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_damage_after_a_byte_order_mark_is_refused(
    tmp_path: Path, encoding: str, sentences: Sentences
) -> None:
    """A file whose text is not in the encoding of its byte order mark is damaged."""
    content = "text,label\nmüde,a\n".encode(encoding) + b"\xff"
    path = write(tmp_path, "rows.csv", content)

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert f"byte 0xFF at offset {len(content) - 1}" in caught.value.found
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("text,label\nhi,a\n".encode("utf-16-le"), "--encoding utf-16-le"),
        ("text,label\nhi,a\n".encode("utf-16-be"), "--encoding utf-16-be"),
        (b"text,label\nhi,\0\0\n", "--input-format"),
        (b"PK\x03\x04\x14\0\x06\0", "Excel"),
        (b"PAR1\0\0", "--input-format parquet"),
    ],
    ids=["utf-16-le", "utf-16-be", "text", "zip", "parquet"],
)
def test_binary_content_is_refused(tmp_path: Path, content: bytes, hint: str, sentences: Sentences) -> None:
    """A file with NUL bytes is refused as binary; the hint says what it may be."""
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, "rows.csv", content))

    assert hint in str(caught.value.hint)
    sentences.check(caught.value)


def test_late_nul_is_refused_with_its_line(tmp_path: Path) -> None:
    """A NUL far into the file is reported with its line."""
    content = b"text,label\n" + b"plain words,a\n" * 10_000 + b"\0,b\n"

    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, "rows.csv", content))

    assert caught.value.line == 10_002


def test_nul_after_a_stray_byte_is_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 and has NULs is not taken for Latin-1."""
    content = b"text,label\n" + b"caf\xe9,a\n" * 20_000 + b"\0,b\n"

    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, "rows.csv", content))

    assert "NUL" in caught.value.found


def test_utf_16_without_a_mark_needs_a_byte_order(tmp_path: Path, sentences: Sentences) -> None:
    """`utf-16` alone is not enough without a byte order mark; the hint is the likely order."""
    path = write(tmp_path, "rows.csv", "text,label\nhi,a\n".encode("utf-16-be"))

    with pytest.raises(InputError) as caught:
        read_table(path, ReadOptions(encoding="utf-16"))

    assert "--encoding utf-16-be" in str(caught.value.hint)
    sentences.check(caught.value)


def test_stray_byte_that_is_gone_means_a_change(tmp_path: Path, sentences: Sentences) -> None:
    """A file that no longer has the byte that failed was changed in the meantime."""
    path = write(tmp_path, "rows.csv", b"text,label\nplain,a\n")

    with open_source(path) as stored, pytest.raises(InputError) as caught:
        choose_second_encoding(stored, "utf-8", given=False)
    sentences.check(caught.value)


OTHER_SCRIPTS = [
    ("windows-1251", "Посылка до сих пор не пришла, где мой заказ"),
    ("koi8-r", "Посылка до сих пор не пришла, где мой заказ"),
    ("cp866", "посылка до сих пор не пришла, где мой заказ"),
    ("gb18030", "包裹还没有到,我的订单在哪里"),
    ("big5", "包裹還沒有到,我的訂單在哪裡"),
    ("cp932", "荷物がまだ届きません,注文はどこですか"),
    ("euc-jis-2004", "荷物がまだ届きません,注文はどこですか"),
    ("euc-kr", "소포가 아직 도착하지 않았습니다,주문은 어디에 있나요"),
    ("cp874", "พัสดุยังไม่มาถึง,คำสั่งซื้อของฉันอยู่ที่ไหน"),
    ("windows-1253", "Το πακέτο δεν έφτασε ακόμα, πού είναι η παραγγελία"),
    ("windows-1255", "החבילה עדיין לא הגיעה, איפה ההזמנה שלי"),
    ("windows-1256", "لم يصل الطرد بعد, أين طلبي من فضلك"),
]


@pytest.mark.parametrize(("encoding", "text"), OTHER_SCRIPTS)
def test_older_encoding_of_another_script_is_guessed(tmp_path: Path, encoding: str, text: str) -> None:
    """Text of another script in an older encoding is read as it was written, with a note."""
    content = "text\tlabel\n" + f"{text}\ta\n{text}\tb\n" * 5
    path = write(tmp_path, "rows.csv", content.encode(encoding))

    table = read_table(path)

    assert table.data["text"].to_pylist() == [text] * 10
    assert encoding in table.notes[0]


@pytest.mark.parametrize(("encoding", "text"), OTHER_SCRIPTS)
def test_short_text_of_another_script_is_refused(tmp_path: Path, encoding: str, text: str) -> None:
    """A few words may be in many encodings: none is guessed, and the message asks for it."""
    path = write(tmp_path, "rows.csv", f"text\tlabel\n{text}\ta\n".encode(encoding))

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert "--encoding" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text", ["Proszę o zwrot pieniędzy", "Kurier nie zadzwonił i odjechał", "Zásilka ještě nepřišla"]
)
def test_few_words_of_eastern_europe_are_refused(tmp_path: Path, text: str) -> None:
    """Letters that other encodings have in the same place need a Western word beside them."""
    path = write(tmp_path, "rows.csv", f"text,label\n{text},a\n".encode("windows-1250"))

    with pytest.raises(InputError):
        read_table(path)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1250", "Proszę o zwrot, płatność wyłączyła się wczoraj"),
        ("windows-1250", "Zásilka ještě nepřišla, účet byl zaplacen dvakrát"),
        ("windows-1250", "Nem érkezett meg időben, főleg a gyűjtő"),
        ("windows-1254", "Şifre yanlış değil, ödeme yapıldı"),
        ("windows-1257", "Siuntinys dar neatėjo, kur mano užsakymas, ačiū už greitą atsakymą"),
    ],
)
def test_letters_of_another_language_are_not_read_as_western(
    tmp_path: Path, encoding: str, text: str
) -> None:
    """Text that Windows-1252 would decode to letters of no language is refused."""
    path = write(tmp_path, "rows.csv", f"text\tlabel\n{text}\ta\n".encode(encoding))

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert "--encoding" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "Où est ma commande déjà payée, ça marche très bien",
        "Não recebi a encomenda, vocês já enviaram as informações",
        "Pakken har ikke kommet på døren, søknaden ble ærlig avslått",
        "Það er gott að heyra frá þér, pöntunin mín kom ekki",
        "El niño pagó según señal, ¿dónde está?",
        "costs £5 or 20°C ±3, naïve café",
    ],
)
def test_western_text_is_read_as_latin_1(tmp_path: Path, text: str) -> None:
    """Accents and signs of Western European languages are read as before."""
    path = write(tmp_path, "rows.csv", f"text\tlabel\n{text}\ta\n".encode("latin-1"))

    table = read_table(path)

    assert table.data["text"].to_pylist() == [text]
    assert table.source.encoding == "latin-1"
