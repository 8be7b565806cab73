"""The official OpenAI client against the gateway."""

import httpx
import openai
import pytest
from openai import OpenAI

from tests.serving.api.scripted import GENERATION, INSIDE, MODEL, PASSAGES, REFUSAL, TEXT
from tests.serving.api.serving_app import NO_TLS, Served

QUESTION = "What were net sales in 2025?"


@pytest.fixture
def gateway(shared: Served) -> Served:
    return shared


@pytest.fixture
def client(gateway: Served) -> OpenAI:
    """The client with an analyst's API key and without retries, which would hide errors."""
    return OpenAI(
        base_url=f"{gateway.address}/v1",
        api_key=gateway.key("mira"),
        max_retries=0,
        http_client=httpx.Client(trust_env=False, verify=NO_TLS),
    )


def ask(client: OpenAI, question: str = QUESTION, **more):
    messages = more.pop("messages", [{"role": "user", "content": question}])
    return client.chat.completions.create(model=more.pop("model", MODEL), messages=messages, **more)


def test_the_model_is_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]


def test_a_whole_answer(client: OpenAI) -> None:
    reply = ask(client)
    choice = reply.choices[0]
    assert (reply.object, reply.model, choice.finish_reason) == ("chat.completion", MODEL, "stop")
    assert (choice.message.role, choice.message.content) == ("assistant", TEXT)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (120, 30, 150)
    extra = reply.model_extra
    assert (extra["verdict"], extra["note"], extra["generation"]) == ("answered", "", GENERATION)
    assert [source["cited"] for source in extra["sources"]] == [True, True, False]
    first = extra["sources"][0]
    assert first == {
        "number": 1,
        "document": "annual.pdf",
        "source": "reports/annual.pdf",
        "title": "Annual report",
        "page": 12,
        "section": ["Review", "Net sales"],
        "text": PASSAGES[0].chunk.text,
        "score": 1.0,
        "cited": True,
        "found": {
            "similarity": None,
            "dense_rank": None,
            "lexical_rank": None,
            "boost": 1.0,
            "line": None,
            "rerank": None,
            "reasons": [],
            "folded": [],
        },
    }
    assert choice.message.model_extra["sources"] == extra["sources"]
    assert extra["traces"][2] == {
        "text": "12.1",
        "start": TEXT.index("12.1"),
        "end": TEXT.index("12.1") + 4,
        "origin": "passage",
        "passage": 2,
        "document": "annual.pdf",
        "page": 14,
        "row": "",
        "column": "",
        "place": "",
        "found": "",
        "span": [15, 19],
        "expression": "",
        "operands": [],
    }


def test_annotations_point_at_the_markers(client: OpenAI) -> None:
    message = httpx_reply(client, stream=False)["choices"][0]["message"]
    check_annotations(message["annotations"], message["content"])


def test_a_streamed_answer(client: OpenAI) -> None:
    chunks = list(ask(client, stream=True))
    first, last = chunks[0], chunks[-1]
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert "".join(pieces) == TEXT and len(pieces) == len(TEXT.split(" "))
    steps = [chunk.model_extra["step"] for chunk in chunks if "step" in chunk.model_extra]
    assert steps == ["Searching the documents"]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    extra = last.model_extra
    assert (extra["verdict"], extra["note"], extra["generation"]) == ("answered", "", GENERATION)
    assert len(extra["sources"]) == 3
    assert last.choices[0].delta.model_extra["sources"] == extra["sources"]
    assert extra["traces"] == ask(client).model_extra["traces"]
    assert last.choices[0].delta.model_extra["annotations"] == extra["annotations"]
    check_annotations(extra["annotations"], TEXT)
    assert last.usage.total_tokens == 150


def test_text_that_the_chain_corrects_at_the_end_is_told(client: OpenAI) -> None:
    last = list(ask(client, "refine it", stream=True))[-1]
    assert last.model_extra["text"] == TEXT.replace("4.2", "4.3")


def test_a_refusal(client: OpenAI) -> None:
    reply = ask(client, "Will the weather be fine?")
    assert reply.choices[0].message.content == REFUSAL
    assert (reply.model_extra["verdict"], reply.model_extra["note"]) == (
        "not_in_documents",
        "The passages below come closest.",
    )
    assert not any(source["cited"] for source in reply.model_extra["sources"])


def test_what_the_chain_is_asked(client: OpenAI, gateway: Served) -> None:
    parts = [{"type": "text", "text": "And in"}, {"type": "text", "text": "2024?"}]
    ask(
        client,
        messages=[
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "4.2 billion"},
            {"role": "user", "content": parts},
        ],
    )
    asked = gateway.answerer.asked[0]
    assert asked.question == "And in\n2024?"
    assert [(turn.role, turn.text) for turn in asked.history] == [("user", QUESTION), ("assistant", "4.2 billion")]
    assert asked.groups == {"hr", "board"}


def test_sampling_fields_are_accepted(client: OpenAI) -> None:
    reply = ask(
        client,
        temperature=0.7,
        top_p=0.9,
        max_tokens=10,
        max_completion_tokens=10,
        seed=1,
        stop=["x"],
        presence_penalty=0.1,
        frequency_penalty=0.1,
        n=1,
        user="somebody",
        response_format={"type": "text"},
        extra_body={"top_k": 5},
    )
    assert reply.choices[0].message.content == TEXT


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"n": 2}, "n above 1"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, "tools"),
        ({"functions": [{"name": "f", "parameters": {}}]}, "functions"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["text", "audio"]}, "modality"),
    ],
)
def test_what_is_not_supported_is_said(client: OpenAI, gateway: Served, more: dict, named: str) -> None:
    with pytest.raises(openai.BadRequestError, match=named):
        ask(client, **more)
    assert gateway.answerer.asked == []


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "Be brief."}],
        [{"role": "user", "content": "a question"}, {"role": "assistant", "content": "an answer"}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": " \n\t"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": "x" * 20_000}],
        [{"role": "tool", "content": "x"}, {"role": "user", "content": "x"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}],
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_messages_that_are_no_question(client: OpenAI, gateway: Served, messages: list, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, messages=messages, stream=stream)
    assert caught.value.code == "bad_question"
    assert caught.value.type == "invalid_request_error"
    assert gateway.answerer.asked == []


def test_a_question_of_the_longest_length_is_answered(client: OpenAI) -> None:
    assert ask(client, "x" * 4000).choices[0].message.content == TEXT
    with pytest.raises(openai.BadRequestError, match="4001"):
        ask(client, "x" * 4001)


def test_errors_have_the_clients_own_kinds(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, model="gpt-4o")
    assert unknown.value.code == "model_not_found" and MODEL in unknown.value.message
    with pytest.raises(openai.AuthenticationError):
        ask(client.with_options(api_key="dsr_wrong"))
    with pytest.raises(openai.RateLimitError) as busy:
        ask(client, "busy")
    assert busy.value.response.headers["Retry-After"]
    with pytest.raises(openai.InternalServerError, match="Ask again in a minute") as gone:
        ask(client, "break")
    assert (gone.value.status_code, gone.value.code) == (503, "engine_unavailable")


def test_a_fault_tells_nothing_about_the_inside(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, "fault")
    assert (caught.value.status_code, caught.value.code) == (500, "internal_error")
    assert INSIDE not in caught.value.response.text
    assert "LookupError" not in caught.value.response.text
    assert caught.value.response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("question", "code"),
    [("break", "engine_unavailable"), ("busy", "busy"), ("silent", "engine_unavailable"), ("fault", "internal_error")],
)
def test_an_error_in_mid_stream(client: OpenAI, question: str, code: str) -> None:
    said = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, question, stream=True):
            said.append(chunk.choices[0].delta.content or "")
    assert caught.value.code == code
    assert INSIDE not in str(caught.value.body)
    assert "".join(said) == ("" if question == "busy" else TEXT if question == "silent" else "Net sales were")


def test_an_engine_that_is_not_ready_is_said_before_the_stream(client: OpenAI, gateway: Served) -> None:
    gateway.engine.state, gateway.engine.message = "starting", "The model server is starting; about 40 seconds left."
    with pytest.raises(openai.InternalServerError, match="40 seconds") as caught:
        ask(client, stream=True)
    assert (caught.value.status_code, caught.value.code) == (503, "engine_unavailable")


def test_a_missing_index_is_said_before_the_stream(client: OpenAI, gateway: Served) -> None:
    gateway.index.generation = ""
    with pytest.raises(openai.InternalServerError, match="no index") as caught:
        ask(client, stream=True)
    assert (caught.value.status_code, caught.value.code) == (503, "no_index")


def httpx_reply(client: OpenAI, **more) -> dict:
    response = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": QUESTION}], **more
    )
    return response.http_response.json()


def check_annotations(annotations: list, text: str) -> None:
    cited = [annotation["file_citation"] for annotation in annotations]
    assert {annotation["type"] for annotation in annotations} == {"file_citation"}
    assert [text[one["start_index"] : one["end_index"]] for one in cited] == ["[1]", "[2]"]
    assert [(one["number"], one["document"], one["page"]) for one in cited] == [
        (1, "annual.pdf", 12),
        (2, "annual.pdf", 14),
    ]
