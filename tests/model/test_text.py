"""Texts as the models read them."""

from __future__ import annotations

import polars as pl

from model.text import tokenise


def test_chinese_names_of_the_bundle_stay_whole() -> None:
    texts = pl.Series(["我喜欢夏洛特烦恼和我不是药神"])
    names = pl.Series(["夏洛特烦恼", "我不是药神"])
    assert tokenise(texts, True, names).to_list() == [["我", "喜欢", "夏洛特烦恼", "和", "我不是药神"]]
    assert tokenise(texts, True).to_list() != tokenise(texts, True, names).to_list()


def test_english_is_cut_at_signs() -> None:
    assert tokenise(pl.Series(["I don’t know, Alien?"]), False).to_list() == [["i", "don't", "know", ",", "alien", "?"]]
