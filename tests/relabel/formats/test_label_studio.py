from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.relabel.formats.label_studio import label_config, render

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue
    from tests.relabel.conftest import Case


def config(queue: Queue) -> ET.Element:
    """The config, as a reader of XML has it."""
    return ET.fromstring(label_config(queue))


def results(root: ET.Element) -> list[str]:
    """What each choice comes back as: its alias, else its value."""
    return [choice.get("alias") or choice.get("value") or "" for choice in root.iter("Choice")]


class TestTasks:
    """`tasks.json`."""

    def test_task(self, tickets: Case, first: dict[str, Any]) -> None:
        """All that must come back stands in the data; the suggestion is a prediction."""
        task = tickets.files("label-studio")["tasks.json"][0]

        assert task == {
            "data": {
                "text": "Where is\nmy parcel?",
                "doubt_card": "age: 1.5",
                **first,
            },
            "meta": {
                "doubt": {"id": "t1", "score": 0.97, "reasons": ["low-self-confidence", "duplicate-conflict"]}
            },
            "predictions": [
                {
                    "model_version": "doubt 0.1.0",
                    "score": 0.97,
                    "result": [
                        {
                            "id": task["predictions"][0]["result"][0]["id"],
                            "from_name": "label",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": ["delivery"]},
                        }
                    ],
                }
            ],
        }

    def test_nothing_to_suggest(self, tickets: Case) -> None:
        """Where nothing better than the given label is seen, nothing is selected."""
        assert [len(task["predictions"]) for task in tickets.files("label-studio")["tasks.json"]] == [1, 0, 0]

    def test_ids_of_results(self, images: Case) -> None:
        """Each result has an id of its own, of letters and digits whatever the row's is."""
        found = [
            region["id"]
            for task in images.files("label-studio")["tasks.json"]
            for p in task["predictions"]
            for region in p["result"]
        ]

        assert len(set(found)) == len(found) == 2
        assert all(re.fullmatch("[0-9a-f]{10}", one) for one in found)

    def test_no_key_is_missing(self, tickets: Case) -> None:
        """All tasks have the same keys, and what the config shows is always a text."""
        told = tickets.files("label-studio", {"audit": 50, "top": 50}, size=4)["tasks.json"]

        assert len({tuple(task["data"]) for task in told}) == 1
        shown = [
            task["data"][key] for task in told for key in ("text", "doubt_card", "doubt_why", "given_label")
        ]
        assert all(isinstance(text, str) for text in shown)

    def test_a_task_a_line(self, tickets: Case) -> None:
        """The file is one array, which Label Studio wants, with one task a line."""
        lines = render(tickets.queue())["tasks.json"].decode().splitlines()

        assert (lines[0], lines[-1], len(lines)) == ("[", "]", 5)

    def test_images(self, images: Case) -> None:
        """A path is served by Label Studio itself, an address stays as it is, a missing image is empty."""
        assert [task["data"]["image"] for task in images.files("label-studio")["tasks.json"]] == [
            "/data/local-files/?d=cats/a%20b%231.png",
            "https://example.org/b.jpg?size=3",
            "",
        ]

    def test_windows_paths_and_served_ones(self, images: Case) -> None:
        """A backslash is a way into a folder; what Label Studio serves already stays."""
        files = [r"cats\a.png", "/data/local-files/?d=a.png", "s3://bucket/a.png"]
        odd = replace(images, data={**images.data, "file": files})

        assert [task["data"]["image"] for task in odd.files("label-studio")["tasks.json"]] == [
            "/data/local-files/?d=cats/a.png",
            *files[1:],
        ]


class TestConfig:
    """`label_config.xml`."""

    def test_text_of_config(self, tickets: Case) -> None:
        """The given label, why it is doubted, the row, the labels with their keys, and room for a note."""
        assert label_config(tickets.queue()) == (
            "<View>\n"
            '  <Header value="Given label: $given_label"/>\n'
            '  <Header value="$doubt_why" size="6"/>\n'
            '  <Text name="text" value="$text" valueType="text"/>\n'
            '  <Text name="doubt_card" value="$doubt_card" valueType="text"/>\n'
            '  <Choices name="label" toName="text" choice="single-radio" required="true" showInline="true">\n'
            '    <Choice value="billing" hotkey="1"/>\n'
            '    <Choice value="bug" hotkey="2"/>\n'
            '    <Choice value="delivery" hotkey="3"/>\n'
            "  </Choices>\n"
            '  <TextArea name="note" toName="text" placeholder="why (optional)" rows="1" '
            'maxSubmissions="1"/>\n'
            "</View>\n"
        )

    def test_many_labels(self, images: Case) -> None:
        """More labels than keys stand below each other, with a filter, and ten of them have a key."""
        root = config(images.queue())

        assert [choice.get("hotkey") for choice in root.iter("Choice")] == [*"1234567890", None, None]
        assert root.find("Choices").get("showInline") == "false"  # type: ignore[union-attr]
        assert root.find("Filter").get("toName") == "label"  # type: ignore[union-attr]

    def test_few_labels(self, images: Case) -> None:
        """Ten labels need no filter."""
        root = config(replace(images, class_names=images.class_names[:10]).queue())

        assert root.find("Filter") is None

    def test_labels_come_back_as_they_are(self, images: Case) -> None:
        """Quotes, marks, line ends, blanks and dollars come through XML, and come back as they were."""
        assert results(config(images.queue())) == list(images.class_names)

    def test_dollars(self, images: Case) -> None:
        """A label that would be taken for a variable is shown with another sign for the dollar."""
        odd = replace(images, class_names=("$5", "costs $x", "5 $", "$", "a$$b"))

        shown = [(choice.get("value"), choice.get("alias")) for choice in config(odd.queue()).iter("Choice")]

        assert shown == [
            ("\uff045", "$5"),
            ("costs \uff04x", "costs $x"),
            ("5 $", None),
            ("$", None),
            ("a$\uff04b", "a$$b"),
        ]

    @pytest.mark.parametrize("label", ["a\x00b", "\x1b[31m", "\ufffe", "\x0b"])
    def test_control_characters(self, tickets: Case, label: str) -> None:
        """A label that XML has no way to write is refused by name, with a way out."""
        with pytest.raises(InputError, match="--to csv") as error:
            label_config(replace(tickets, class_names=(label,)).queue())

        assert repr(label) in error.value.found

    @given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))), min_size=1, unique=True))
    def test_any_label(self, tickets: Case, labels: list[str]) -> None:
        """Whatever else a label holds, it comes back as it was."""
        assert results(config(replace(tickets, class_names=tuple(labels)).queue())) == labels

    @pytest.mark.parametrize(
        ("data", "roles", "shown"),
        [
            ({"a": ["x"]}, {"a": "text"}, [("Text", "$text")]),
            ({"a": [1]}, {"a": "numeric"}, [("Text", "$doubt_card")]),
            (
                {"a": ["x.png"], "b": ["y.gif"]},
                {"a": "text", "b": "(ignored)"},
                [("Image", "$image"), ("Image", "$image_2")],
            ),
            (
                {"a": ["x.png"], "b": ["t"]},
                {"a": "text", "b": "text"},
                [("Image", "$image"), ("Text", "$text")],
            ),
            ({"a": [[0.5]]}, {"a": "embedding"}, [("Text", "$doubt_card")]),
        ],
        ids=["text", "table", "images", "image and text", "nothing"],
    )
    def test_what_is_shown(
        self, case: type[Case], data: dict[str, Any], roles: dict[str, str], shown: list[tuple[str, str]]
    ) -> None:
        """Each part of a row is shown by its own tag, labels belong to the first, and every task has it."""
        one = case(rows=[{"suggested": "billing"}], data=data, roles=roles)

        root, (task,) = config(one.queue()), one.files("label-studio")["tasks.json"]

        parts = [tag for tag in root if tag.get("name") and tag.tag in ("Text", "Image")]
        assert [(tag.tag, tag.get("value")) for tag in parts] == shown
        assert root.find("Choices").get("toName") == parts[0].get("name")  # type: ignore[union-attr]
        assert task["predictions"][0]["result"][0]["to_name"] == parts[0].get("name")
        assert {value.removeprefix("$") for _, value in shown} <= set(task["data"])
