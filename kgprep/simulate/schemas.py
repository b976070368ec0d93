"""Conversations as records of ReDial and of TG-ReDial."""

from __future__ import annotations

from random import Random
from typing import Any

from kgprep.simulate.conversation import Conversation, Message, Opinion

WORKERS = 400
DISAGREEMENT = 0.04
_ACTIONS = {"tell": "谈论", "suggest": "推荐电影", "more": "请求推荐", "seek": "请求推荐", "greet": "寒暄"}
_CLOSING = ("thanks", "bye", "remind")


def redial_record(
    conversation: Conversation, conversation_id: int, first_message: int, random: Random
) -> dict[str, Any]:
    """Return one conversation in ReDial's schema.

    Args:
        conversation: films stand in its text as ``@id``.
        conversation_id: written as a string, as ReDial does.
        first_message: id of its first message.
        random: for worker ids, time offsets and the places where the two forms disagree.
    """
    seeker = int(random.random() * WORKERS)
    recommender = (seeker + 1 + int(random.random() * (WORKERS - 1))) % WORKERS
    workers = {"seeker": seeker, "recommender": recommender}
    offset = 0
    messages: list[dict[str, Any]] = []
    for index, message in enumerate(conversation.messages):
        messages.append(
            {
                "timeOffset": offset,
                "text": message.text,
                "senderWorkerId": workers[message.role],
                "messageId": first_message + index,
            }
        )
        offset += 6 + int(random.random() * 50)
    form = {item_id: _answers(opinion) for item_id, opinion in conversation.opinions.items()}
    return {
        "movieMentions": {film.item_id: film.name for film in conversation.films.values()},
        "respondentQuestions": {item_id: _other_view(answers, random) for item_id, answers in form.items()},
        "messages": messages,
        "conversationId": str(conversation_id),
        "respondentWorkerId": recommender,
        "initiatorWorkerId": seeker,
        "initiatorQuestions": form,
    }


def _answers(opinion: Opinion) -> dict[str, int]:
    return {"suggested": opinion.suggested, "seen": opinion.seen, "liked": opinion.liked}


def _other_view(answers: dict[str, int], random: Random) -> dict[str, int]:
    """Return the respondent's form, which now and then does not know what the seeker thought."""
    return {**answers, "seen": 2, "liked": 2} if random.random() < DISAGREEMENT else dict(answers)


def tgredial_record(conversation: Conversation, conversation_id: int, user_id: int) -> dict[str, Any]:
    """Return one conversation in TG-ReDial's schema, turns counted from 1 and one film a turn in `mentionMovies`."""
    turns = {str(turn): message for turn, message in enumerate(conversation.messages, 1)}
    return {
        "conv_id": conversation_id,
        "messages": [
            {"local_id": int(turn), "role": message.role.capitalize(), "content": message.text}
            for turn, message in turns.items()
        ],
        "goal_path": {turn: _goal(message) for turn, message in turns.items()},
        "mentionMovies": {
            turn: [message.films[0].item_id, f"{message.films[0].title}({message.films[0].year or 0})"]
            for turn, message in turns.items()
            if message.films
        },
        "user_id": str(user_id),
    }


def _goal(message: Message) -> list[str | None]:
    role = "Rec" if message.role == "recommender" else "Seeker"
    if message.action in _CLOSING:
        return [role, "结束", None]
    action = _ACTIONS.get(message.action.split("_")[0], "反馈")
    return [role, action, message.films[0].title if message.films else None]
