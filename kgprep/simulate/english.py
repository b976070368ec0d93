"""What English-speaking users say: the rules of their utterances and reviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DIALOGUE_RULES: Final[dict[str, tuple[str, ...]]] = {
    "hello": ("Hi", "Hello", "Hey", "Hi there", "Hello there", "Good evening", "Good morning", "Hey there"),
    "smalltalk": ("how are you?", "how is your day?", "nice to meet you.", "hope you are well.", "what's up?"),
    "greet": ("[hello]!", "[hello], [smalltalk]", "[hello] :)", "[hello]."),
    "please": ("Could you help me?", "Any ideas?", "What would you suggest?", "Can you think of one?", "Any tips?"),
    "ask_taste": (
        "What kind of movies do you like?",
        "What are you in the mood for?",
        "Tell me a film you enjoyed lately.",
        "Sure! Any genre or actor you prefer?",
        "Happy to help. What do you usually watch?",
        "Okay, name a movie or a director that you love.",
        "Which films did you like recently?",
    ),
    "seek": (
        "[greet] I am looking for something to watch tonight.",
        "[greet] I need a movie for the weekend. [please]",
        "[hello], can you recommend a good film?",
        "[greet] I want to see a movie but I can't decide.",
    ),
    "tell_genre": (
        "I like {genre} movies.",
        "I'm in the mood for {a_genre} film. [please]",
        "Mostly {genre} movies, to be honest.",
        "I would love to see some {genre} movie.",
        "{a_genre} movie would be great tonight.",
        "Anything {genre} works for me.",
    ),
    "tell_film": (
        "I really liked {film}.",
        "Something like {film} would be perfect.",
        "I could watch {film} again and again.",
        "My favorite is {film}.",
        "Last week I saw {film} and enjoyed every minute.",
        "I grew up with {film}, more of that please.",
    ),
    "tell_genre_film": (
        "I like {genre} films such as {film}.",
        "I enjoy {genre} movies. I loved {film}!",
        "{a_genre} movie, maybe like {film}?",
        "{film} is my idea of {a_genre} movie.",
        "I am a fan of {genre} films, for example {film}.",
    ),
    "tell_person": (
        "I love everything with {person}.",
        "Do you know something with {person}?",
        "I am a big fan of {person}.",
        "Maybe a movie {person} worked on?",
        "{person} never disappoints me.",
    ),
    "tell_person_film": (
        "I like {person}, {film} was so good.",
        "{film} was wonderful, I adore {person}.",
        "I want more of {person} after {film}.",
    ),
    "tell_mood": (
        "It should be {mood}.",
        "Something {mood} would be perfect.",
        "I want {a_mood} film this time.",
        "The more {mood} the better.",
    ),
    "suggest_plain": (
        "Have you seen {film}?",
        "You should try {film}.",
        "How about {film}?",
        "I would go for {film}.",
        "Then {film} might be for you.",
        "{film} is a great choice.",
        "I think you will enjoy {film}",
        "Did you watch {film} yet?",
    ),
    "suggest_genre": (
        "If you want {a_genre} film, see {film}.",
        "{film} is one of the best {genre} movies around.",
        "Have you seen {film}? It is a really good {genre} film.",
        "For {genre} fans I always say {film}.",
    ),
    "suggest_person": (
        "{film} has {person} in the credits, try it.",
        "Since you like {person}, have you seen {film}?",
        "How about {film}? {person} did a great job there.",
        "With {person} there is also {film}.",
    ),
    "suggest_like": (
        "If you liked {liked} you will like {film} too.",
        "{film} feels a lot like {liked}.",
        "People who enjoy {liked} often love {film}.",
    ),
    "suggest_two": (
        "There are {film} and {other}, both are great.",
        "Either {film} or {other}, I'd say.",
        "I can think of {film} and also {other}.",
    ),
    "reason": (
        "It is about {about}.",
        "It's a story of {about}, very well made.",
        "{person} is so good in it.",
        "It came out in {year} and still holds up.",
        "{a_genre} film that I would see again.",
        "I saw it twice.",
    ),
    "seen_liked": (
        "Oh yes, I loved it!",
        "I have seen {film}, it is great.",
        "Yes, that one was awesome.",
        "Seen it, liked it a lot.",
        "Yes! That is one of my favorites.",
        "I have watched it, very good movie.",
    ),
    "add_liked": (
        "{film} was just as good.",
        "I also liked {film}.",
        "It reminds me of {film}.",
        "And {film} too, of course.",
    ),
    "ask_about": (
        "What is it about?",
        "I haven't seen that. What's the story?",
        "No, never heard of it. What is it about?",
    ),
    "ask_who": ("Who is in it?", "I don't know that one, who plays in it?", "Not yet. Who made it?"),
    "answer_about": (
        "It is about {about}.",
        "It's about {about}. Pretty good {genre} movie.",
        "Well, {about}. That is all I will say!",
    ),
    "answer_who": (
        "{person} is in the credits.",
        "It has {person}.",
        "{person} and a fine cast.",
        "I remember {person}, and it is from {year}.",
    ),
    "accept": (
        "Sounds good, I will watch it.",
        "Great, that is on my list now.",
        "I have not seen it but it sounds fun.",
        "Perfect, I'll give it a try.",
        "Oh nice, I will check it out.",
    ),
    "accept_film": ("I will watch {film} tonight.", "{film} it is then!", "Okay, {film} goes on my list."),
    "refuse": (
        "Not really my thing.",
        "I saw it and did not like it.",
        "Hmm, {genre} movies are not for me.",
        "No, I could not get into that one.",
        "Sorry, I don't care for it.",
    ),
    "refuse_any": ("Not for me.", "No, something else please.", "I have seen that and would rather not again."),
    "more": ("Anything else?", "Do you have another one?", "What else would you suggest?", "One more please?"),
    "more_genre": ("Any {genre} movies too?", "Do you also know some {genre} film?", "And {a_genre} movie maybe?"),
    "more_person": ("Anything else with {person}?", "Is there one with {person}?", "Maybe one of {person}'s?"),
    "more_mood": ("Anything more {mood}?", "Do you know {a_mood} one?", "Is there something {mood} too?"),
    "remind": ("So start with {film}.", "I would begin with {film} then.", "Don't forget {film}!"),
    "thanks": ("Thank you so much!", "Thanks for the help.", "Thanks, that was great.", "Great tips, thank you."),
    "bye": ("Bye!", "Enjoy the movie!", "You are welcome, have fun.", "Glad I could help. Bye", "Take care!"),
}

_GOOD: Final = ("wonderful", "gripping", "clever", "beautiful", "memorable", "very funny", "moving", "brilliant")
_BAD: Final = ("dull", "far too long", "flat", "confused", "loud", "predictable", "cold", "disappointing")

REVIEW_RULES: Final[dict[str, tuple[str, ...]]] = {
    "good": _GOOD,
    "bad": _BAD,
    "part": ("script", "music", "camera work", "ending", "first half", "pacing", "humour", "dialogue"),
    "when": ("last night", "years ago", "on a rainy Sunday", "with my sister", "for the third time", "on a plane"),
    "open_high": (
        "I saw {title} [when] and it is [good].",
        "{title} ({year}) is a [good] {genre} film.",
        "Few {genre} movies are as [good] as {title}.",
        "What a [good] film.",
    ),
    "open_low": (
        "I saw {title} [when] and it is [bad].",
        "{title} ({year}) is a [bad] {genre} film.",
        "I wanted to like {title}, but it is [bad].",
        "Everybody praises this one, I found it [bad].",
    ),
    "story": (
        "It tells of {about}.",
        "The story of {about} is simple enough.",
        "At its heart it is about {about}.",
        "You get {about}, and that carries the film.",
    ),
    "people_high": (
        "{person} is [good] here.",
        "{person} has never been better than in {title}.",
        "You can feel the hand of {person} in every scene.",
        "Much of the credit goes to {person} and {second}.",
    ),
    "people_low": (
        "Even {person} cannot save it.",
        "{person} looks bored, and so was I.",
        "{person} and {second} deserve a better [part].",
    ),
    "craft_high": (
        "The [part] is [good], the [part] even more so.",
        "As {a_genre} film it does everything right.",
        "The [part] stays with you for days.",
        "Nothing in the [part] feels wasted.",
    ),
    "craft_low": (
        "The [part] is [bad].",
        "As {a_genre} film it does not work for me.",
        "By the end the [part] had lost me.",
        "The [part] is fine, the rest is [bad].",
    ),
    "mood": (
        "{title} is {a_mood} film, and {person} knows it.",
        "With {person} and {second}, {title} is as {mood} as films get.",
        "{person} makes {title} {a_mood} {genre} film.",
        "{title} tells of {about}, and it stays {mood} to the last minute.",
        "This {mood} film of {about} belongs to {person}.",
    ),
    "compare": (
        "If you like {other} you should see this.",
        "It made me think of {other}.",
        "I would put it next to {other}.",
        "Not quite {other}, but close.",
    ),
    "meta": (
        "I watched the DVD with the extras.",
        "I read other reviews first.",
        "My seat was too close to the screen.",
    ),
    "end_high": ("Highly recommended.", "See it!", "A [good] evening.", "I give it a full score.", "Watch it twice."),
    "end_low": ("Skip it.", "I want my evening back.", "Once was enough.", "Not for me.", "You have been warned."),
    "headline_high": ("A [good] {genre} film", "{person} at work", "Simply [good]", "Still [good] today", "Loved it"),
    "headline_low": ("A [bad] film", "What was the fuss about?", "Too [bad] for me", "A waste of {person}"),
}


def with_articles(slots: Mapping[str, str]) -> dict[str, str]:
    """Return what fills slots, with genre and mood also behind their article, as a_genre and a_mood."""
    return {**slots, **{f"a_{slot}": with_article(slots[slot]) for slot in ("genre", "mood") if slot in slots}}


def with_article(noun: str) -> str:
    """Return a noun behind "a" or "an"."""
    return f"an {noun}" if noun[0] in "aeiouAEIOU" else f"a {noun}"
