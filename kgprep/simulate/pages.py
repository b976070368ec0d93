"""Saved web pages for the sample: simulated reviews in the layouts of IMDb and Douban, reduced to their bones.

Reviewers are called "viewer 1", "viewer 2": no page names a user.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from kgprep.simulate.films import Film
from kgprep.simulate.reviews import Review

_FIRST_REVIEW = 9_000_000


def imdb_list_page(film: Film, reviews: Sequence[Review]) -> str:
    """Return a page of user reviews in IMDb's layout of 2015 to 2023, with the key of the next page."""
    items = "\n".join(_lister_item(film, review, number) for number, review in enumerate(reviews, 1))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(film.name)} - {escape(film.title)} ({film.year}) - User Reviews - IMDb</title>
<link rel="canonical" href="https://www.imdb.com/title/{film.imdb_id}/reviews">
</head>
<body>
<section class="article">
<div class="parent"><h3 itemprop="name"><a href="/title/{film.imdb_id}/" itemprop="url">{escape(film.title)}</a>
<span class="nobr">({film.year})</span></h3></div>
<div class="lister"><div class="header"><div><span>{len(reviews)} Reviews</span></div></div>
<div class="lister-list">
{items}
</div>
<div class="load-more-data" data-key="samplekey{film.imdb_id}" data-ajaxurl="/title/{film.imdb_id}/reviews/_ajax"></div>
</div>
</section>
</body>
</html>
"""


def _lister_item(film: Film, review: Review, number: int) -> str:
    code = f"rw{_FIRST_REVIEW + number}"
    spoiler = number % 3 == 0
    warning = '<span class="spoiler-warning">Warning: Spoilers</span>\n' if spoiler else ""
    helpful, votes = review.helpful
    return f"""<div class="lister-item mode-detail imdb-user-review {"with" if spoiler else "collapsable"}" \
data-review-id="{code}" data-vote-url="/title/{film.imdb_id}/review/{code}/vote/interesting">
<div class="review-container"><div class="lister-item-content">
<div class="ipl-ratings-bar"><span class="rating-other-user-rating"><svg class="ipl-icon"></svg>
<span>{review.rating}</span><span class="point-scale">/10</span></span></div>
<a class="title" href="/review/{code}/?ref_=tt_urv"> {escape(review.headline)}
</a>
<div class="display-name-date"><span class="display-name-link"><a href="/user/ur{number}/">viewer {number}</a></span>\
<span class="review-date">{review.date}</span></div>
{warning}<div class="content">
<div class="text show-more__control">{"<br/><br/>".join(map(escape, review.sentences))}</div>
<div class="actions text-muted">
                    {helpful} out of {votes} found this helpful.
                        <span>Was this review helpful? <a href="/registration/signin">Sign in</a> to vote.</span>
<br/><a href="/review/{code}/?ref_=tt_urv">Permalink</a>
</div>
</div>
</div><div class="clear"></div></div>
</div>"""


def imdb_card_page(film: Film, reviews: Sequence[Review]) -> str:
    """Return a page of user reviews in IMDb's layout since 2024."""
    cards = "\n".join(_card(review, number) for number, review in enumerate(reviews, 101))
    return f"""<!DOCTYPE html>
<html lang="en-US">
<head>
<meta charset="utf-8">
<title>{escape(film.title)} ({film.year}) - User reviews - IMDb</title>
<meta property="og:url" content="https://www.imdb.com/title/{film.imdb_id}/reviews/">
<link rel="canonical" href="https://www.imdb.com/title/{film.imdb_id}/reviews/">
</head>
<body>
<main>
<section class="ipc-page-section ipc-page-section--base">
<div data-testid="tturv-total-reviews">{len(reviews)} reviews</div>
{cards}
</section>
</main>
</body>
</html>
"""


def _card(review: Review, number: int) -> str:
    code = f"rw{_FIRST_REVIEW + number}"
    helpful, votes = review.helpful
    day = datetime.strptime(review.date, "%d %B %Y")
    date = f"{day:%b} {day.day}, {day.year}"
    return f"""<article class="sc-sample-1 user-review-item">
<div class="ipc-list-card" data-testid="review-card-parent">
<div class="ipc-list-card__content">
<span aria-label="viewer {number}'s rating: {review.rating}" class="ipc-rating-star review-rating"><svg></svg>\
<span class="ipc-rating-star--rating">{review.rating}</span>\
<span class="ipc-rating-star--maxRating">/<!-- -->10</span></span>
<div class="ipc-title" data-testid="review-summary"><a href="/review/{code}/" class="ipc-title-link-wrapper">\
<h3 class="ipc-title__text">{escape(review.headline)}<svg></svg></h3></a></div>
<div class="ipc-overflowText" data-testid="review-overflow"><div class="ipc-html-content ipc-html-content--base">\
<div class="ipc-html-content-inner-div" role="presentation">{"<br/><br/>".join(map(escape, review.sentences))}</div>\
</div></div>
</div>
<div class="ipc-list-card__actions"><div class="ipc-voting"><span class="ipc-voting__label">\
<span class="ipc-voting__label__text">Helpful</span>\
<span class="ipc-voting__label__count ipc-voting__label__count--up">{helpful}</span></span>\
<span class="ipc-voting__label"><span class="ipc-voting__label__count ipc-voting__label__count--down">\
{votes - helpful}</span></span></div></div>
</div>
<div data-testid="reviews-author"><ul class="ipc-inline-list">
<li class="ipc-inline-list__item"><a class="ipc-link" data-testid="author-link" href="/user/ur{number}/">\
viewer {number}</a></li>
<li class="ipc-inline-list__item review-date">{date}</li>
<li class="ipc-inline-list__item"><a class="ipc-link" data-testid="permalink-link" href="/review/{code}/">Permalink</a>\
</li></ul></div></article>"""


def douban_subject_page(film: Film, reviews: Sequence[Review]) -> str:
    """Return a Douban subject page with its hot short comments; `film` is in Chinese, its item id Douban's."""
    comments = "\n".join(_comment(review, number) for number, review in enumerate(reviews, 1))
    genres = " / ".join(f'<span property="v:genre">{escape(genre)}</span>' for genre in film.genres)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>
        {escape(film.title)} (豆瓣)
</title>
<meta name="mobile-agent" content="format=html5; url=https://m.douban.com/movie/subject/{film.item_id}/"/>
</head>
<body>
<div id="content">
<h1><span property="v:itemreviewed">{escape(film.title)}</span> <span class="year">({film.year})</span></h1>
<div id="info">
<span class="pl">类型:</span> {genres}<br/>
<span class="pl">上映日期:</span> <span property="v:initialReleaseDate" content="{film.year}">{film.year}</span><br/>
<span class="pl">IMDb:</span> {film.imdb_id}<br/>
</div>
<div id="comments-section">
<div class="mod-hd"><h2><i class="">{escape(film.title)}的短评</i><span class="pl">(
<a href="https://movie.douban.com/subject/{film.item_id}/comments?status=P">全部 {len(reviews)} 条</a> )</span></h2>
</div>
<div class="mod-bd"><div class="tab-bd"><div id="hot-comments" class="tab">
{comments}
</div></div></div>
</div>
</div>
</body>
</html>
"""


def douban_comments_page(film: Film, reviews: Sequence[Review]) -> str:
    """Return a page of Douban short comments with a link to the next page."""
    comments = "\n".join(_comment(review, number) for number, review in enumerate(reviews, 101))
    subject = f"https://movie.douban.com/subject/{film.item_id}/"
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>{escape(film.title)} 短评</title>
</head>
<body>
<div id="content">
<h1>{escape(film.title)} 短评</h1>
<div class="article">
<div class="mod-bd" id="comments">
{comments}
<div id="paginator" class="center"><span class="first">&lt;&lt; 首页</span>
<a href="?start=20&amp;limit=20&amp;sort=new_score&amp;status=P" class="next">后页 &gt;</a></div>
</div>
</div>
<div class="aside"><div class="indent"><p class="pl2">&gt; <a href="{subject}">去 {escape(film.title)} 的页面</a></p>
</div></div>
</div>
</body>
</html>
"""


def _comment(review: Review, number: int) -> str:
    stars = (review.rating + 1) // 2
    day = datetime.strptime(review.date, "%d %B %Y")
    return f"""<div class="comment-item " data-cid="{_FIRST_REVIEW + number}">
<div class="comment">
<h3>
<span class="comment-vote"><span class="votes vote-count">{review.helpful[0]}</span>\
<a href="javascript:;" class="j a_show_login">有用</a></span>
<span class="comment-info"><a href="https://www.douban.com/people/{number}/" class="">观众{number}</a>
<span>看过</span>
<span class="allstar{stars}0 rating" title=""></span>
<span class="comment-time " title="{day:%Y-%m-%d} 12:00:00">
                    {day:%Y-%m-%d}
</span></span>
</h3>
<p class=" comment-content"><span class="short">{escape("".join(review.sentences))}</span></p>
</div>
</div>"""
