"""Reads a question out of an OpenAI request, or says clearly what Dossier doesn't do."""

from dataclasses import dataclass

from dossier.errors import QuestionError, UnknownModelError
from dossier.records import Turn
from serving.api.chat_schemas import ChatBody, ChatMessage

_SILENT = frozenset({"system", "developer"})
_SPOKEN = frozenset({"user", "assistant"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be answered, what was said before it, and the conversation that keeps it."""

    question: str
    history: tuple[Turn, ...]
    conversation: str | None


def read_question(body: ChatBody, model: str, longest: int) -> Asked:
    """The question of a request. `longest` is in characters.

    Raises UnknownModelError for another model than `model`, QuestionError for what can't be asked or isn't supported.
    """
    if body.model != model:
        raise UnknownModelError(f"The model {body.model[:100]!r} isn't served here. Use {model!r}.")
    _refuse_unsupported(body)
    turns = [Turn(message.role, _text(message)) for message in body.messages if message.role not in _SILENT]
    strange = sorted({turn.role for turn in turns} - _SPOKEN)
    if strange:
        raise QuestionError(f"Messages of the role {strange[0]!r} aren't supported. Send user and assistant messages.")
    if not turns or turns[-1].role != "user":
        raise QuestionError("The last message must be the user's question. Put it at the end of messages.")
    question = turns[-1].text.strip()
    if not question:
        raise QuestionError("The question is empty. Write one.")
    if len(question) > longest:
        raise QuestionError(f"The question has {len(question)} characters; at most {longest} are possible. Shorten it.")
    return Asked(question, tuple(turns[:-1]), body.conversation)


def _refuse_unsupported(body: ChatBody) -> None:
    wanted = {
        "n above 1": body.n is not None and body.n != 1,
        "tools": bool(body.tools),
        "functions": bool(body.functions),
        "logprobs": bool(body.logprobs),
        "another response_format than text": bool(body.response_format) and body.response_format != {"type": "text"},
        "another modality than text": bool(body.modalities) and body.modalities != ["text"],
    }
    for name, asked in wanted.items():
        if asked:
            raise QuestionError(f"Dossier doesn't support {name}. Leave it out and ask again.")


def _text(message: ChatMessage) -> str:
    if message.content is None or isinstance(message.content, str):
        return _encodable(message.content or "")
    pieces = []
    for part in message.content:
        text = part.get("text")
        if part.get("type") != "text" or not isinstance(text, str):
            kind = str(part.get("type"))[:40]
            raise QuestionError(f"Dossier reads text only, and a message has a part of type {kind!r}. Leave it out.")
        pieces.append(text)
    return _encodable("\n".join(pieces))


def _encodable(text: str) -> str:
    # JSON may carry half of a surrogate pair, which neither the index nor the store nor the model could take
    return text.encode("utf-8", "replace").decode("utf-8")
