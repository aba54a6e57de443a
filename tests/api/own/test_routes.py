"""Every route × who asks × a call of another rep's, with all that a call can have."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import httpx
import pytest

from api.users import Role
from insights.insight import Kind
from insights.trends.trend import Dimension
from tests.api.own.telling import CANARY, WORD, Told
from tests.api.running import Api
from tests.api.test_auth import EXPECTED, routes

IDS = {
    "call_id": "call_id",
    "insight_id": "insight_id",
    "theme_id": "theme_id",
    "proposal_id": "proposal_id",
    "change_id": "change_id",
    "view_id": "view_id",
    "upload_id": "upload_id",
    "turn": "turn",
}
"""The names in addresses, and what of a call they name."""

QUERIES = {
    "/v1/search": (
        *("?q=pineapple", "?q=pineapple&kind=competitor"),
        *("?q=pineapple+season&by=meaning", "?q=the+price+is+high&by=meaning&kind=objection"),
    ),
    "/search": ("?q=pineapple", "?q=pineapple&sort=newest", "?q=the+price+is+high&by=meaning"),
    "/v1/calls": ("", "?sort=value", "?sort=length", "?state=done"),
    "/calls": ("", "?stage=nothing", "?sort=value"),
    "/v1/insights": ("", "?call={call_id}", "?kind=competitor", "?review=confirmed"),
    "/v1/trends": (
        "?kind=feature_request&format=csv",
        *(f"?kind={kind}&by={by}" for kind in Kind for by in Dimension),
    ),
    "/trends": (
        *("?kind=competitor", "?kind=feature_request&by=rep", "?kind=objection&by=segment"),
        *("?kind=objection&label=price", "?kind=competitor&by=stage"),
    ),
    "/v1/leads": ("", "?by=campaign", "?format=csv"),
    "/leads": ("", "?by=campaign"),
    "/v1/competitors/overview": ("?company=Acme", "?company=Acme&format=csv"),
    "/competitors/rival": ("?name=marzipanrival&company=Acme",),
    "/v1/themes": ("", "?sort=value", "?sort=recency", "?format=csv"),
    "/themes": ("", "?done={change_id}", "?sort=value"),
    "/themes/{theme_id}": ("", "?done={change_id}"),
    "/v1/theme-changes": ("", "?theme={theme_id}"),
    "/v1/proposals": ("", "?state=open"),
    "/review": ("", "?kind=competitor", "?at={insight_id}", "?done={insight_id}"),
    "/digest": ("", "?week={week}"),
    "/calls/{call_id}": ("", "?from=0&to=30", "?t=20"),
    "/v1/calls/{call_id}/transcript": tuple(
        f"?format={name}" for name in ("text", "markdown", "vtt", "srt", "json")
    ),
}
"""What is asked of a route beside its address, where one way of asking does not show all."""

THEIRS_TO_CHANGE = {
    "POST /v1/calls": "they bring their own: see test_changes",
    "OPTIONS /v1/uploads": "what can be sent",
    "POST /v1/uploads": "they bring their own",
    "HEAD /v1/uploads/{upload_id}": "by its user's id",
    "PATCH /v1/uploads/{upload_id}": "by its user's id",
    "POST /v1/uploads/{upload_id}": "by its user's id",
    "DELETE /v1/uploads/{upload_id}": "by its user's id",
    "POST /v1/audio/transcriptions": "nothing is kept or looked up",
    "POST /v1/transcripts": "they bring their own",
    "POST /views": "by its user's id",
    "POST /views/{view_id}/remove": "by its user's id",
    "POST /digests": "by its user's id; what it tells is narrowed",
    "POST /digests/{subscription_id}/end": "by its user's id",
    "POST /digests/{subscription_id}/again": "by its user's id",
    "POST /settings/password": "their own",
    "POST /settings/sessions": "their own",
}
"""What a bound rep may change that has neither a call nor an insight in its address, and why."""


ELSEWHERE = {
    ("GET", f"/settings/{part}")
    for part in ("users", "tokens", "password", "retention", "retention/run")
}
"""What only leads to another page: a form's address, opened again."""


def addresses(found: Told, methods: set[str]) -> Iterator[tuple[str, str, str]]:
    """Method, route and address of every route that is not public, at what was told."""
    given = {name: str(asdict(found)[key]) for name, key in IDS.items()}
    given |= {"week": str(found.week), "audience": "marketing"}
    for method, path in routes():
        for query in QUERIES.get(path, ("",)):
            if method in methods and (method, path) not in ELSEWHERE:
                yield method, path, filled(path + query, given)


def filled(path: str, given: Mapping[str, str]) -> str:
    """The address with its parameters; of what a call does not have, the first."""
    return re.sub(r"{(\w+)}", lambda found: given.get(found[1], "1"), path)


def names_a_call(address_of: str) -> bool:
    """Whether a route's address names something of a call."""
    return bool({*re.findall(r"{(\w+)}", address_of)} & IDS.keys())


def said(answer: httpx.Response) -> str:
    """All of an answer, case aside."""
    headers = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{headers}\n{answer.text}".lower()


def admins(method: str, path: str) -> bool:
    """Whether a route is not for sales users at all."""
    return Role.SALES not in EXPECTED.get(f"{method} {path}", set(Role))


def test_nothing_of_anothers_call_is_told(rep: httpx.Client, ours: Told, theirs: Told) -> None:
    wrong = []
    for method, path, url in addresses(theirs, {"GET", "HEAD"}):
        answer = rep.request(method, url)
        expected = {200}
        if admins(method, path):
            expected = {403}
        elif names_a_call(path) or re.search(r"(at|done)=\d", url):
            expected = {404}
        if answer.status_code not in expected or CANARY in said(answer):
            at = said(answer).find(CANARY)
            wrong.append((method, url, answer.status_code, said(answer)[max(0, at - 80) : at + 40]))
    assert wrong == []


def test_who_is_not_bound_is_told_all(api: Api, ours: Told, theirs: Told) -> None:
    """The same routes tell every role of it: else the test above would show nothing."""
    for role in Role:
        telling = set()
        for method, path, url in addresses(theirs, {"GET"}):
            answer = api.as_(role).get(url)
            may = role in EXPECTED.get(f"{method} {path}", set(Role))
            assert answer.status_code == (200 if may else 403) or path in NOT_HERE, (url, answer)
            if CANARY in said(answer):
                telling.add(path)
        assert telling >= TELLING, role


NOT_HERE = {
    "/v1/remines/{remine_id}",
    "/v1/webhooks/{webhook_id}",
    "/v1/webhooks/{webhook_id}/deliveries",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    "/webhooks/{webhook_id}",
}
"""What admins alone ask for, and what these calls do not have."""

TELLING = {
    *("/v1/calls/{call_id}", "/v1/calls/{call_id}/transcript", "/v1/themes/{theme_id}"),
    *("/v1/calls/{call_id}/transcript/partial", "/v1/proposals/{proposal_id}"),
    *("/calls/{call_id}", "/themes/{theme_id}"),
    *("/digests/{week}/{audience}", "/digest", "/digest.md", "/digest.html", "/calls"),
    *("/v1/calls", "/v1/insights", "/v1/trends", "/v1/leads", "/v1/themes", "/v1/search"),
    *("/v1/competitors/overview", "/v1/proposals", "/v1/theme-changes", "/v1/theme-suggestions"),
    *("/", "/calls/live", "/search", "/review", "/trends", "/themes", "/competitors", "/leads"),
}
"""Routes that tell of it."""


def test_anothers_call_is_as_none(rep: httpx.Client, ours: Told, theirs: Told) -> None:
    """Whatever is asked of it, the answer is that to a number which nothing has."""
    none = dict.fromkeys(IDS, "987654") | {"turn": "0"}
    wrong: list[object] = []
    for method, path, url in addresses(theirs, {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"}):
        if not names_a_call(path):
            continue
        answer, nothing = rep.request(method, url), rep.request(method, filled(path, none))
        # An upload's headers and bytes are looked at before it is looked for.
        if answer.status_code not in (403, 404, 400, 415) or CANARY in said(answer):
            wrong.append((method, url, answer.status_code))
        if told_apart(answer) != told_apart(nothing):
            wrong.append((method, url, told_apart(answer), told_apart(nothing)))
    assert wrong == []


@pytest.mark.parametrize("written", ["+{}", "%20{}", "{}.0", "0{}", "{}%20", "%D9%A{}", "1_{}"])
def test_no_way_of_writing_a_number_passes_the_door(
    api: Api, rep: httpx.Client, ours: Told, theirs: Told, written: str
) -> None:
    number = written.format(theirs.insight_id)
    for path in ("/v1/insights/{}/review", "/insights/{}/review", "/review/{}"):
        verdict = {"verdict": "rejected"}
        for answer in (
            rep.post(path.format(number), json=verdict),
            rep.post(path.format(number), data=verdict),
        ):
            assert answer.status_code == 404, answer.text
            assert CANARY not in answer.text
    for path in ("/v1/calls/{}", "/calls/{}"):
        assert rep.get(path.format(written.format(theirs.call_id))).status_code == 404
    found = api.as_(Role.ADMIN).get(f"/v1/insights?call={theirs.call_id}").json()["items"]
    assert "rejected" not in {insight["review"] for insight in found}


def told_apart(answer: httpx.Response) -> tuple[int, str]:
    """An answer without the numbers that were asked for, and how often one has asked by now."""
    return answer.status_code, re.sub(r"\d+|[0-9a-f]{32}", "N", answer.text)


def test_what_a_bound_rep_may_change_names_their_call(ours: Told, theirs: Told) -> None:
    """A new route that changes something is refused, or asked at the door, or argued for here."""
    for method, path in routes():
        if method == "GET" or admins(method, path) or "theme" in path:
            continue
        if not {"{call_id}", "{insight_id}"} & {*re.findall(r"{\w+}", path)}:
            assert f"{method} {path}" in THEIRS_TO_CHANGE, (method, path)


def test_what_is_the_whole_companys_is_refused(
    rep: httpx.Client, api: Api, ours: Told, theirs: Told
) -> None:
    """Also of their own call's theme; who is not bound may."""
    for method, path, url in addresses(ours, {"POST", "PATCH", "PUT", "DELETE"}):
        if admins(method, path) or "theme" in path:
            answer = rep.request(method, url)
            assert answer.status_code == 403, (method, url, answer.text)
            if "theme" in path:
                assert "you may not change themes" in answer.text
                assert api.as_(Role.SALES).request(method, url).status_code != 403


def test_their_own_call_is_theirs(rep: httpx.Client, ours: Told, theirs: Told) -> None:
    telling = set()
    for method, path, url in addresses(ours, {"GET"}):
        if admins(method, path) or "done={change_id}" in url or path in NOT_HERE:
            continue
        answer = rep.get(url)
        assert answer.status_code == 200 or "done=" in url, (url, answer.text)
        if WORD in said(answer):
            telling.add(path)
    assert telling >= TELLING - {"/v1/theme-changes", "/v1/theme-suggestions"}
