"""The script that Streamlit runs for each view: who is signed in, the sidebar, the page."""

from pathlib import Path

import streamlit as st

from dossier.errors import DossierError, SignInError
from dossier.gateway_errors import GatewayUnreachableError
from frontend.access import account, session, sign_in
from frontend.access.session import Session
from frontend.admin import audit, documents, feedback, health, models, people, search
from frontend.batches import page as batch
from frontend.chat import asking, conversations, reply
from frontend.chat import page as chat
from frontend.comparing import page as compare
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label, plain_html
from frontend.drawing.viewport import close_sidebar
from frontend.market import news
from frontend.market import page as market

_STYLE = Path(__file__).with_name("style.css")
_ICON = Path(__file__).with_name("icon.svg")
_TITLE = 80
_ICONS = {
    "Ask": ":material/chat:",
    "Reply": ":material/support_agent:",
    "Batch": ":material/playlist_add_check:",
    "Market": ":material/show_chart:",
    "News": ":material/newspaper:",
    "Compare": ":material/compare_arrows:",
    "Account": ":material/person:",
    "Documents": ":material/folder_open:",
    "Search": ":material/manage_search:",
    "Models": ":material/model_training:",
    "Feedback": ":material/thumbs_up_down:",
    "People": ":material/group:",
    "Audit": ":material/history:",
    "Health": ":material/monitor_heart:",
}


def main() -> None:
    """Draw the view that the address names, for who is signed in."""
    st.set_page_config("Dossier", page_icon=str(_ICON), layout="centered")
    st.html(_STYLE)
    try:
        who = session.current()
        page = _page(who)
        # before the cookie: its answer names the page that the browser is on, and would bring that one back
        if who is not None and session.is_fresh() and _starts_at_reply(who, page):
            st.switch_page(next(one for one in st.session_state["pages"] if one.title == "Reply"))
        session.sync_cookie()
        if who is None:
            sign_in.page()
            return
        _sidebar(who)
        close_sidebar(f"{page.title} {conversations.opened()}")
        page.run()
        session.settle()
    except SignInError as error:
        session.end(str(error))
        st.rerun()
    except DossierError as error:
        show_error(error, "page")


def _starts_at_reply(who: Session, page: st.Page) -> bool:
    return who.user.role == "support" and page.title == "Ask" and not conversations.opened()


def _page(who: Session | None) -> st.Page:
    supports = who is not None and who.user.role == "support"
    ask = st.Page(chat.page, title="Ask", url_path="ask", default=not supports)
    pages = [ask]
    if who is None or who.user.role in ("support", "admin"):
        pages.append(st.Page(reply.page, title="Reply", url_path="reply", default=supports))
    if who is None or who.user.role in ("analyst", "admin"):
        pages.append(st.Page(batch.page, title="Batch", url_path="batch"))
        pages.append(st.Page(market.page, title="Market", url_path="market"))
        pages.append(st.Page(news.page, title="News", url_path="news"))
        pages.append(st.Page(compare.page, title="Compare", url_path="compare"))
    pages.append(st.Page(account.page, title="Account", url_path="account"))
    if who is None or who.user.is_admin:
        pages.append(st.Page(documents.page, title="Documents", url_path="documents"))
        pages.append(st.Page(search.page, title="Search", url_path="search"))
        pages.append(st.Page(models.page, title="Models", url_path="models"))
        pages.append(st.Page(feedback.page, title="Feedback", url_path="feedback"))
        pages.append(st.Page(people.page, title="People", url_path="people"))
        pages.append(st.Page(audit.page, title="Audit", url_path="audit"))
        pages.append(st.Page(health.page, title="Health", url_path="health"))
    st.session_state["ask_page"] = ask
    st.session_state["pages"] = pages
    return st.navigation(pages, position="hidden")


def _sidebar(who: Session) -> None:
    with st.sidebar:
        st.html('<div class="wordmark">Dossier</div>')
        if st.button(
            "New conversation", "new-conversation", icon=":material/edit_square:", width="stretch",
            on_click=conversations.leave,
        ):  # fmt: skip
            st.switch_page(st.session_state["ask_page"], query_params={})
        with st.container(key="conversations"):
            _conversations(who)
        with st.container(key="who"):
            _menu(who)


def _conversations(who: Session) -> None:
    def untitled(conversation_id: str) -> str:
        answering = asking.running(who, conversation_id)
        return answering.now.question[:_TITLE] if answering else "New conversation"

    try:
        conversations.show_list(who.gateway, untitled)
    except GatewayUnreachableError:
        st.html(plain_html("Your conversations can't be shown now.", "fine"))  # the page says why


def _menu(who: Session) -> None:
    for page in st.session_state["pages"]:
        st.page_link(page, label=page.title, icon=_ICONS[page.title], query_params={})
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.markdown(label(who.user.name), width="stretch")
        icon = ":material/logout:"
        st.button("Sign out", key="sign-out", type="tertiary", icon=icon, on_click=_sign_out, args=(who,))


def _sign_out(who: Session) -> None:
    try:
        who.gateway.sign_out()
    except SignInError:
        session.end()  # it had ended already
    except DossierError as error:
        session.end(f"{error} You're signed out here; the sign-in itself ends by its time.")
    else:
        session.end()
    st.query_params.clear()


main()
