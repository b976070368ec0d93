"""What Chinese-speaking users say: rules of utterances and comments, and the Chinese names of genres and moods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GENRE_NAMES: Final[dict[str, str]] = {
    "action": "动作片",
    "adventure": "冒险片",
    "animation": "动画片",
    "biography": "传记片",
    "comedy": "喜剧片",
    "crime": "犯罪片",
    "drama": "剧情片",
    "family": "家庭片",
    "fantasy": "奇幻片",
    "heist": "盗窃片",
    "horror": "恐怖片",
    "martial arts": "武侠片",
    "musical": "歌舞片",
    "mystery": "悬疑片",
    "romance": "爱情片",
    "science fiction": "科幻片",
    "slasher": "砍杀片",
    "superhero": "超级英雄片",
    "thriller": "惊悚片",
    "war": "战争片",
    "western": "西部片",
}

MOOD_NAMES: Final[dict[str, str]] = {
    "bleak": "阴郁",
    "dreamlike": "梦幻",
    "eerie": "诡异",
    "feverish": "狂热",
    "gentle": "温柔",
    "gritty": "粗粝",
    "melancholic": "忧伤",
    "playful": "俏皮",
    "satirical": "讽刺",
    "slow-burning": "慢热",
    "uplifting": "励志",
    "whimsical": "古怪",
}

DIALOGUE_RULES: Final[dict[str, tuple[str, ...]]] = {
    "hello": ("你好", "嗨", "在吗", "晚上好", "早上好", "哈喽"),
    "smalltalk": ("最近怎么样？", "今天过得好吗？", "周末有什么安排？", "忙完了吗？"),
    "greet": ("[hello]！", "[hello]，[smalltalk]", "[hello]~"),
    "please": ("有什么推荐吗？", "帮我挑一部吧。", "你觉得看什么好？", "给点建议吧。"),
    "ask_taste": (
        "你平时喜欢看什么类型的电影？",
        "好呀，你喜欢哪位导演或者演员？",
        "最近看过什么觉得不错的电影吗？",
        "想看轻松一点的还是刺激一点的？",
        "说一部你喜欢的电影，我来推荐。",
    ),
    "seek": ("[greet]今晚想找部电影看看。", "[greet]周末想看电影，[please]", "[greet]不知道看什么好，[please]"),
    "tell_genre": (
        "我喜欢看{genre}。",
        "最近特别想看{genre}，[please]",
        "一般都看{genre}。",
        "来一部好看的{genre}吧。",
        "说到这个，我最爱{genre}了。",
    ),
    "tell_film": (
        "我很喜欢{film}。",
        "想看{film}那样的电影。",
        "前几天看了{film}，特别喜欢。",
        "我小时候最爱看{film}了。",
    ),
    "tell_genre_film": (
        "我喜欢{genre}，比如{film}。",
        "像{film}这样的{genre}我都爱看。",
        "{genre}吧，{film}我就很喜欢。",
    ),
    "tell_person": (
        "我是{person}的影迷。",
        "有没有{person}的电影？",
        "只要是{person}的作品我都想看。",
        "我特别欣赏{person}。",
    ),
    "tell_person_film": ("我喜欢{person}，{film}太棒了。", "看完{film}就迷上{person}了。"),
    "tell_mood": ("最好是{mood}一点的。", "想看{mood}的电影。", "越{mood}越好。"),
    "suggest_plain": (
        "{film}怎么样？",
        "你看过{film}吗？",
        "那我推荐{film}。",
        "可以试试{film}。",
        "你应该会喜欢{film}。",
    ),
    "suggest_genre": (
        "{film}是很经典的{genre}，推荐给你。",
        "想看{genre}的话，{film}不错。",
        "{genre}里我最推荐{film}。",
    ),
    "suggest_person": ("既然喜欢{person}，那{film}一定要看。", "{film}里也有{person}，可以看看。"),
    "suggest_like": ("{film}和你说的那部很像。", "喜欢那部的人多半也喜欢{film}。"),
    "reason": ("讲的是{about}。", "{about}，拍得很用心。", "我看了两遍。", "{year}年的片子，现在看也不过时。"),
    "seen_liked": (
        "这部我看过，很喜欢！",
        "看过了，确实好看。",
        "{film}我看过，是我的最爱之一。",
        "嗯，这个电影很棒。",
    ),
    "add_liked": ("{film}也一样好看。", "让我想起{film}。", "我还喜欢{film}。"),
    "ask_about": ("没看过，讲的是什么？", "这部是什么故事呀？", "没听说过，讲什么的？"),
    "ask_who": ("是谁演的？", "没看过，有哪些人参与？", "谁拍的呀？"),
    "answer_about": ("讲的是{about}。", "{about}，是一部不错的{genre}。", "大概就是{about}，剩下的你自己看吧。"),
    "answer_who": ("有{person}。", "{person}参与的，{year}年上映。", "{person}，表现很出色。"),
    "accept": ("听起来不错，我去看看。", "好的，记下了。", "好啊，今晚就看。", "有意思，一定去看。"),
    "accept_film": ("那今晚就看{film}。", "好，{film}加进片单了。"),
    "refuse": ("这个不太适合我。", "我不太喜欢{genre}。", "看过了，一般般。", "没什么兴趣，换一部吧。"),
    "refuse_any": ("不太想看这部。", "还是换一部吧。"),
    "more": ("还有别的吗？", "再推荐一部吧。", "还有类似的吗？"),
    "more_genre": ("有没有{genre}呢？", "想再看一部{genre}。", "{genre}有推荐的吗？"),
    "more_person": ("还有{person}的其他电影吗？", "{person}的有没有？"),
    "more_mood": ("有没有更{mood}的？", "{mood}一点的还有吗？"),
    "remind": ("那就先看{film}吧。", "记得看{film}哦。"),
    "thanks": ("谢谢你的推荐！", "太好了，谢谢啦。", "多谢，我先去看了。"),
    "bye": ("不客气，再见！", "祝你观影愉快！", "好的，拜拜。"),
}

REVIEW_RULES: Final[dict[str, tuple[str, ...]]] = {
    "good": ("精彩", "动人", "聪明", "耐看", "震撼", "温暖", "难忘", "好笑"),
    "bad": ("无聊", "太长", "老套", "平淡", "吵闹", "做作", "失望"),
    "part": ("剧本", "配乐", "摄影", "结尾", "节奏", "台词", "前半段"),
    "open_high": ("《{title}》真的很[good]。", "一部[good]的{genre}。", "重看《{title}》，还是觉得[good]。"),
    "open_low": ("《{title}》有点[bad]。", "期待很高，看完觉得[bad]。", "作为{genre}太[bad]了。"),
    "story": ("讲的是{about}。", "{about}，故事很简单。", "其实就是{about}的故事。"),
    "people_high": ("{person}太厉害了。", "{person}和{second}都很[good]。", "每个镜头都看得出{person}的功力。"),
    "people_low": ("连{person}也救不了。", "可惜了{person}。"),
    "craft_high": ("[part]特别[good]。", "[part]和[part]都没得挑。", "作为{genre}样样都好。"),
    "craft_low": ("[part]太[bad]。", "[part]还行，别的不敢恭维。"),
    "mood": ("《{title}》是一部{mood}的{genre}，{person}功不可没。", "{person}和{second}让《{title}》格外{mood}。"),
    "compare": ("喜欢《{other}》的可以看看。", "让我想起《{other}》。"),
    "meta": ("电影院的空调太冷了。", "和朋友一起看的。"),
    "end_high": ("强烈推荐。", "值得二刷！", "给满分。"),
    "end_low": ("不推荐。", "看一遍就够了。", "差评。"),
    "headline_high": ("[good]的{genre}",),
    "headline_low": ("有点[bad]",),
}


def translated(slots: Mapping[str, str]) -> dict[str, str]:
    """Return what fills slots, with genre and mood by their Chinese names where they have one."""
    names = {"genre": GENRE_NAMES, "mood": MOOD_NAMES}
    return {slot: names.get(slot, {}).get(value, value) for slot, value in slots.items()}
