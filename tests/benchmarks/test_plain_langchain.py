"""What counts as a refusal of a chain that words its own."""

import pytest

from benchmarks.plain_langchain import declines


@pytest.mark.parametrize(
    "text",
    [
        "I don't know.",
        "I don’t know the answer to that, sorry. Revenue was 12.",
        "The context does not contain the relocation allowance.",
        "The answer cannot be found. It may be elsewhere.",
        "There is no information about 2019 in the text.",
        "The rating is not mentioned.",
        "It isn't stated.",
        "",
        "  \n",
    ],
)
def test_a_chain_that_says_it_does_not_know_refuses(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "Total revenue was $1,284.6 million.",
        "Revenue grew by 7.4%. The reason is not stated.",
        "No more than 3.5 times adjusted EBITDA.",
        "Employees know the policy.",
        "Minibar drinks are not reimbursed.",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not declines(text)
