"""What a bound rep is told in numbers is what a database of their calls alone would tell."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.users import Role
from ingest.base import db
from insights.digest import Week
from insights.digests import make
from insights.digests.edition import Audience
from insights.insight import Kind, Quote, Review, Unlisted
from insights.proposals.queries import save_names
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.themes.changes.queries import merge, set_status
from insights.themes.theme import Status
from tests.api.own.telling import REP
from tests.api.running import Api
from tests.insights.speaking import quoted, spoken

WEEKS = 10
"""Eight are compared, and two are before them."""

SAID = "For so a high price we looked at Attrivo and would want an export as CSV"

LAST_WEEK = Week.of(datetime.now(UTC)).before

ASKED = (
    *(f"/v1/trends?kind={kind}" for kind in Kind),
    *(f"/v1/trends?kind=objection&by={by}" for by in ("segment", "rep", "stage", "campaign")),
    "/v1/trends?kind=objection&unit=month",
    "/v1/trends?kind=competitor&rival=Attrivo&stage=closing",
    *(f"/v1/competitors/overview?company=Acme{more}" for more in ("", "&segment=SMB")),
    *("/v1/leads", "/v1/leads?by=campaign", "/v1/themes", "/v1/themes?sort=value&status=planned"),
    *("/v1/calls", "/v1/calls?sort=value", "/v1/insights?limit=200", "/v1/proposals"),
    *("/v1/detectors", "/v1/companies", "/v1/hearing"),
    *("/", "/digest", f"/digest?week={LAST_WEEK.before}", "/digest.md", "/calls", "/themes"),
    *(f"/digests/{LAST_WEEK}/{audience}" for audience in Audience),
    *(f"/trends?kind={kind}" for kind in Kind),
    *("/trends?kind=objection&label=price", "/trends?kind=objection&by=segment"),
    *(
        "/competitors",
        "/competitors/rival?company=Acme&name=Attrivo",
        "/leads",
        "/review",
        "/search?q=price",
    ),
)


def add_calls(conn: db.Connection, rep: str, shift: int) -> None:
    """Three calls a week, in which ever more is said; another `shift`, other figures."""
    (user,) = conn.execute("select id from app_user limit 1").fetchall()[0]
    for n in range(WEEKS * 3):
        week = n // 3
        held = datetime.combine(LAST_WEEK.monday, datetime.min.time(), UTC) - timedelta(
            weeks=WEEKS - 1 - week, hours=-9 - n % 3
        )
        found = [quoted(SAID, "a high price", "price")]
        if (week + shift) % 10 < 5 and n:
            found.pop()
        if n % (2 + shift) == 0:
            found.append(quoted(SAID, "looked at Attrivo", "Attrivo", Kind.COMPETITOR))
        if n % (3 + shift) == 1:
            wish = f"CSV export {n % 2}"
            found.append(quoted(SAID, "an export as CSV", wish, Kind.FEATURE_REQUEST))
        call = spoken(
            conn,
            SAID,
            found=found,
            held_at=held,
            rep=rep,
            account=f"Account {n % (3 + shift)}",  # some are both reps'
            segment="SMB",
            stage="closing" if n % 2 else "lost",
            campaign=f"Spring {shift}",
            lead_source="fair",
            lead_created_at=held - timedelta(days=n % 5 + shift),
        )
        if n % 4 == 0:
            for first in insights_of(conn, call.id)[:1]:
                review(conn, first.id, Judgement(Review.CONFIRMED), user)
        if n == 4:
            quote = Quote("we had Hexa in", 0, 14, 1.0, 2.0)
            save_names(conn, call, [Unlisted(f"Hexa{shift or ''}", 0, quote, 0.8)])
    conn.commit()


def decide(conn: db.Connection) -> None:
    """What somebody made of the rep's themes, before the other rep's calls came."""
    (user,) = conn.execute("select id from app_user limit 1").fetchall()[0]
    first, second = conn.execute("select id from theme order by id limit 2").fetchall()
    set_status(conn, first[0], Status.PLANNED, "soon", user)
    merge(conn, second[0], first[0], user)
    conn.execute("delete from theme_change")  # a bound rep is told of none
    conn.commit()


def answers(client: httpx.Client) -> dict[str, str]:
    found = {path: client.get(path) for path in ASKED}
    assert {path: each.status_code for path, each in found.items() if each.is_error} == {}
    return {path: _plain(each.text) for path, each in found.items()}


def _plain(text: str) -> str:
    """A page without who reads it and when it was made, and without what only who sees all may do
    or look for: these are tested with the pages."""
    text = re.sub(r'<header class="site">.*?</header>', "", text, flags=re.DOTALL)
    text = re.sub(r"<label>[^\n]*name=\"rep\"[^\n]*\n|<datalist id=.reps.*?</datalist>", "", text)
    text = re.sub(
        r"<details class=\"edit status\">.*?</details>|<span>Status: .*?</span>",
        "",
        text,
        flags=re.DOTALL,
    )
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("tampered", [False, True], ids=["others added", "and kept editions"])
def test_they_are_those_of_their_calls_alone(api: Api, rep: httpx.Client, tampered: bool) -> None:
    with db.connect(api.settings.database_url) as conn:
        add_calls(conn, REP, 0)
        decide(conn)
        alone = answers(api.as_(Role.SALES))
        assert answers(rep) == alone, "with all calls theirs, nothing differs"
        add_calls(conn, "Lee", 1)
        if tampered:
            for audience in Audience:
                for week in (LAST_WEEK.before, LAST_WEEK):
                    make.kept(conn, week, audience, datetime.now(UTC))
            conn.commit()
    among_others = answers(rep)
    wrong = [path for path in ASKED if among_others[path] != alone[path]]
    assert wrong == []
    of_all = answers(api.as_(Role.SALES))
    same = [path for path in ASKED if of_all[path] == alone[path]]
    assert not {*same} - {"/v1/hearing"}, "the other rep's calls change figures"
