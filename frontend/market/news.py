"""The page of news for analysts: the newest items of the feeds, and how their sentiment goes on."""

from collections.abc import Sequence
from datetime import UTC
from functools import partial
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.chat import citations
from frontend.chat.citations import Opened
from frontend.chat.viewer import show_desk
from frontend.drawing.charts import show_chart
from frontend.drawing.faults import show_error
from frontend.drawing.markup import plain_html
from frontend.market.news_records import News, NewsItem, news

_SHOWN: Final = 50
_CITE: Final = "news"
_KINDS: Final = {"positive": "good", "negative": "bad"}
_NONE: Final = (
    "There is no news yet. An admin names a file of RSS and Atom feeds in the setting feeds and starts "
    "Dossier again; then new items are shown here within a minute."
)
_SENTIMENT: Final = "The sentiment is what the text sounds like to a trained classifier, no judgement of a share."


def page() -> None:
    """Draw the page."""
    who = session.current()
    if who is None:
        return
    st.title("News", anchor=False)
    citations.listen()
    try:
        everything = news(who.gateway, "", _SHOWN)
        if not everything.total:
            st.info(_NONE, icon=":material/newspaper:")
            return
        about = _choose(everything)
        found = news(who.gateway, about, _SHOWN) if about else everything
    except DossierError as error:
        show_error(error, "news")
        return
    show_desk(who.gateway, _opened(found), "news-items", partial(_show, found, about))


def _choose(everything: News) -> str:
    """The name that is looked at; it stands in the address, to be kept as a bookmark."""
    kept = st.query_params.get("about", "")
    if kept and "news-about" not in st.session_state:
        st.session_state["news-about"] = kept
    names = list(dict.fromkeys([*everything.companies, *([kept] if kept else [])]))
    chosen = st.selectbox(
        "About", names, index=None, key="news-about", accept_new_options=True,
        placeholder="All news. Choose a company, or type words that an item has",
    )  # fmt: skip
    about = str(chosen or "").strip()[:200]
    if about != kept:
        st.query_params.update({"about": about}) if about else st.query_params.pop("about", None)
    return about


def _show(found: News, about: str) -> None:
    if not found.items:
        st.html(plain_html(f"No item is about {about}. Choose another name, or fewer words.", "note"))
        return
    if found.chart is not None:
        show_chart(found.chart, "news")
    else:
        st.html(plain_html("Sentiment over time is drawn when there are items of two days or more.", "note"))
    st.html(items_html(found.items))
    if found.total > len(found.items):
        st.html(plain_html(f"And {found.total - len(found.items):,} older ones. Choose a name to see fewer.", "note"))
    st.html(plain_html(f"Times are UTC. {_SENTIMENT}", "fine"))


def items_html(items: Sequence[NewsItem]) -> str:
    """The items as a table, newest first; each title is a button that opens the item."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Time", "Item", "Feed", "Companies", "Sentiment"))
    rows = "".join(_row(number, item) for number, item in enumerate(items))
    return f'<table class="files news"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(number: int, item: NewsItem) -> str:
    when = f"{item.published.astimezone(UTC):%d %b %Y, %H:%M}".lstrip("0") if item.published else "not known"
    opens = f'<button type="button" class="marker opens" data-cite="{_CITE}-{number}">{escape(item.title)}</button>'
    text = f'<div class="reason">{escape(item.text)}</div>' if item.text else ""
    kind = _KINDS.get(item.sentiment, "plain")
    state = f'<span class="state {kind}">{escape(item.sentiment.capitalize())}</span>' if item.sentiment else "–"
    return (
        f'<tr><td class="moment">{when}</td><td class="file">{opens}{text}</td>'
        f'<td data-head="Feed">{escape(item.feed)}</td>'
        f'<td data-head="Companies">{escape(", ".join(item.companies)) or "–"}</td><td>{state}</td></tr>'
    )


def _opened(found: News) -> Opened | None:
    key = citations.wanted_key()
    for number, item in enumerate(found.items):
        if f"{_CITE}-{number}" == key:
            return Opened(key, item.page, "")
    return None
