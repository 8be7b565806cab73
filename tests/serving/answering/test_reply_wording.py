"""Answers from checked replies: what was read has its place, what was computed its arithmetic, the rest isn't said."""

import pytest

from dossier.excerpts import Excerpt
from dossier.settling import check_reply
from serving.answering.reply_wording import word_reply

TABLE = Excerpt(
    "report.pdf",
    4,
    "Results",
    "in millions",
    (("", "2019", "2018"), ("Net sales", "1,044.1", "956.7"), ("Net loss", "(12.5)", "3.0"), ("Margin", "22%", "20%")),
    passage=2,
)
TEXT = Excerpt("report.pdf", 5, "Leases", text="The lease ends in June 2027. It costs $2.3 million a year.", passage=3)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("[1] Net sales | 2019: 1,044.1\n= 1,044.1 million", "Net sales, 2019: 1,044.1 million [2]"),
        (
            "[1] Net sales | 2019: 1,044.1 | 2018: 956.7\n= (1,044.1 - 956.7) / 956.7 percent",
            "9.14% = (1044.1 - 956.7) / 956.7 (1,044.1 million: Net sales, 2019; 956.7 million: Net sales, 2018) [2]",
        ),
        (
            "[1] Net sales | 2019: 1,044.1 | 2018: 956.7\n= 1,044.1 - 956.7 million",
            "87.4 million = 1044.1 - 956.7 (1,044.1 million: Net sales, 2019; 956.7 million: Net sales, 2018) [2]",
        ),
        ('[2] "June 2027"', "June 2027 [3]"),
        ('[1] count "2019"; "2018"', "2: 2019; 2018 [2]"),
    ],
)
def test_what_stands_there_is_said_with_its_place(reply: str, answer: str) -> None:
    assert word_reply(check_reply(reply, (TABLE, TEXT)), (TABLE, TEXT)) == answer


@pytest.mark.parametrize(
    "reply",
    [
        "[1] Net sales | 2019: 1,044.2\n= 1,044.2 million",
        "[1] Net sales | 2018: 1,044.1\n= 1,044.1 million",
        '[2] "July 2027"',
        "[7] 1,044.3 million",
        "[1] 55.5 - 44.4 million",
        "Net sales were great.",
        "",
        "not in the documents",
    ],
)
def test_what_does_not_stand_there_is_not_said(reply: str) -> None:
    assert word_reply(check_reply(reply, (TABLE, TEXT)), (TABLE, TEXT)) == ""
