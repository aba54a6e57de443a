"""Every refusal as RFC 9457 `application/problem+json`, also what the framework itself refuses."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.queries import DATABASE_AWAY
from ingest.base.errors import EarshotError

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
"""What a client is told to wait while a server behind us is away."""

TITLES = {
    "another-reps-call": "This call is another rep's",
    "bad-competitor": "The catalogue cannot hold this rival",
    "bad-cursor": "This page of the list does not exist",
    "bad-decision": "The name cannot be decided like this",
    "bad-edit": "The words cannot be edited like this",
    "bad-form": "The form cannot be read",
    "bad-idempotency-key": "The Idempotency-Key cannot be used",
    "bad-json": "The JSON cannot be read",
    "bad-metadata": "A field beside the file cannot be understood",
    "bad-retention": "Calls cannot be kept like this",
    "bad-rep": "This user cannot be bound to a rep",
    "bad-request": "The request cannot be understood",
    "bad-password": "This password is not taken",
    "bad-review": "The insight cannot be reviewed like this",
    "bad-span": "The time asked for cannot be told like this",
    "bad-subscription": "The digest cannot be ordered like this",
    "bad-theme": "The theme cannot be called or cut like this",
    "bad-transcript": "This is not a transcript that Earshot can take",
    "bad-upload-header": "A header of the upload cannot be read",
    "bad-upload-type": "The bytes of an upload are sent as another type",
    "bad-upload-version": "Earshot speaks another version of this protocol",
    "bad-user-name": "Nobody can be called like this",
    "bad-view": "This view cannot be kept",
    "bad-webhook-url": "No webhook is sent to this URL",
    "busy": "Another training is at work",
    "call-on-hold": "The call is to be kept",
    "call-busy": "The call is being worked on",
    "disk-full": "The disk is full",
    "edits-stand": "What people put right would be lost",
    "empty-file": "There is no sound in the file",
    "hearing-busy": "Another recording is being heard",
    "idempotency-at-work": "The first such request has no answer yet",
    "idempotency-key-reused": "The Idempotency-Key belongs to another request",
    "idempotency-shown-once": "The answer held a secret and is not given again",
    "internal": "Something went wrong here",
    "invalid-request": "A value is missing or not allowed",
    "last-admin": "Somebody has to stay who may change things",
    "lease-lost": "Somebody else is at work on this",
    "method-not-allowed": "This address does not take that method",
    "no-meanings": "This server cannot search by meaning",
    "no-role": "Nobody said what this user is here for",
    "not-allowed": "Your role may not do this",
    "not-audio": "This is not a recording",
    "not-heard": "The call is not heard yet",
    "not-failed": "There is nothing to try again",
    "not-found": "There is nothing here",
    "not-logged-in": "Log in first",
    "not-to-apply": "There is nothing to apply",
    "not-vouched": "You were not let in",
    "nothing-sought": "Nothing can be looked for by these words",
    "range-not-satisfiable": "The recording has no such bytes",
    "recording-gone": "The recording was kept as long as the rule says, and is gone",
    "refused": "This cannot be done now",
    "password-from-provider": "This password is kept elsewhere",
    "retention-changed": "Somebody changed the rule meanwhile",
    "retention-unconfirmed": "Recordings or calls would go by this",
    "role-differs": "This user has another role",
    "role-from-provider": "This role is said elsewhere",
    "search-too-broad": "This search is too broad",
    "too-many-attempts": "Too many passwords were tried",
    "too-many-requests": "Too many requests in a short time",
    "theme-changed": "Somebody changed the themes meanwhile",
    "too-few-reviews": "There is too little to judge by",
    "too-large": "This is more than Earshot takes",
    "too-many-uploads": "You have as many unfinished uploads as you may",
    "too-many-views": "You have as many views as you may",
    "turn-changed": "Somebody edited these words meanwhile",
    "unavailable": "A part of Earshot is away just now",
    "unknown-host": "Earshot does not answer to this name",
    "upload-busy": "The recording is being checked",
    "upload-incomplete": "The upload ended too early",
    "user-disabled": "This user may not log in",
    "user-exists": "There is a user of this name",
    "wrong-checksum": "The bytes changed on their way",
    "wrong-offset": "These bytes do not follow those that are here",
}
"""What each problem type is called, the same whenever it occurs."""

TRANSCRIPTIONS_PATH = "/v1/audio/transcriptions"
"""Where OpenAI's clients ask, and are answered in their way."""

CODES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
"""What the framework's own refusals are called here."""

ErrorPage = Callable[[Request, "Problem"], Response]


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: `type` is a reference relative to the server, `detail` says the remedy."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None  # of an internal error: the same id stands in the log
    errors: tuple[dict[str, str], ...] = ()  # of an invalid request: each value and its fault


class ProblemBody(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["/problems/not-audio"])
    title: str = Field(examples=[TITLES["not-audio"]])
    status: int = Field(examples=[415])
    detail: str = Field(examples=["notes.mp3 holds text, not sound: upload the recording itself."])
    instance: str | None = Field(None, description="Quote it to whoever runs this server.")
    errors: list[dict[str, str]] | None = Field(
        None, examples=[[{"field": "query.limit", "detail": "Input should be at least 1"}]]
    )


def problem(code: str, status: int, detail: str, **more: Any) -> Problem:
    """A problem of a known type."""
    return Problem(f"/problems/{code}", TITLES.get(code, "Refused"), status, detail, **more)


def respond(found: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as an answer."""
    body = {key: value for key, value in asdict(found).items() if value}
    return JSONResponse(body, found.status, headers, media_type="application/problem+json")


class OpenAiFault(BaseModel):
    """What was wrong."""

    message: str = Field(examples=["notes.mp3 holds text, not sound: upload the recording itself."])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(examples=["response_format"])
    code: str = Field(examples=["not-audio"])


class OpenAiError(BaseModel):
    """A refusal as OpenAI's clients read it."""

    error: OpenAiFault


def respond_as_openai(found: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as OpenAI would tell it: what is wrong with a file or a field is a 400."""
    status = 400 if found.status in (415, 422) else found.status
    fault = OpenAiFault(
        message=found.detail,
        type="server_error" if status >= 500 else "invalid_request_error",
        param=found.errors[0]["field"] if found.errors else None,
        code=found.type.removeprefix("/problems/"),
    )
    return JSONResponse(OpenAiError(error=fault).model_dump(), status, headers)


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Answer every error by a problem; below no `/v1`, a browser gets `error_page` instead."""

    def answer(request: Request, found: Problem, headers: dict[str, str] | None) -> Response:
        browser = "text/html" in request.headers.get("accept", "")
        if browser and not request.url.path.startswith("/v1"):
            return error_page(request, found)
        if request.url.path == TRANSCRIPTIONS_PATH:
            return respond_as_openai(found, headers)
        return respond(found, headers)

    def earshot_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, EarshotError)
        return answer(request, of_error(error), _headers(error))

    def database_away(request: Request, error: Exception) -> Response:
        log.warning("The database is away: %s", error)
        found = problem("unavailable", 503, "The database is away: try again in a moment.")
        return answer(request, found, {"Retry-After": str(RETRY_SECONDS)})

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, of_validation(error), None)

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(sorted(_methods_of(app, request.url.path)))
        return answer(request, of_http(request, error), headers)

    def unforeseen(request: Request, error: Exception) -> Response:
        return answer(request, of_unforeseen(error), None)

    app.add_exception_handler(EarshotError, earshot_error)
    app.add_exception_handler(DATABASE_AWAY, database_away)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.state.unforeseen = unforeseen


def of_error(error: EarshotError) -> Problem:
    """What one of our own errors says; one that tells of the installation is kept in the log."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return of_unforeseen(error)
    return problem(error.code, error.status, str(error))


def refuse(error: EarshotError) -> Response:
    """One of our own errors as an answer, for what stands before the routes."""
    return respond(of_error(error), _headers(error))


def of_unforeseen(error: Exception) -> Problem:
    """An error in Earshot itself: the log says what, the answer only where to look."""
    instance = f"urn:uuid:{uuid4()}"
    log.error("Unforeseen error %s", instance, exc_info=error)
    detail = "Earshot failed at this, and its log says why: tell whoever runs it the instance."
    return problem("internal", 500, detail, instance=instance)


def of_validation(error: RequestValidationError) -> Problem:
    """What the framework found wrong in a request."""
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        reason = faults[0].get("ctx", {}).get("error", "it ends too early")
        return problem("bad-json", 400, f"The body is not JSON ({reason}): correct it.")
    if all(fault["loc"][0] == "path" for fault in faults):
        given = ", ".join(str(fault["input"])[:80] for fault in faults)
        return problem("not-found", 404, f"There is nothing with the id “{given}”.")
    listed = tuple(
        {"field": ".".join(str(part) for part in fault["loc"]), "detail": fault["msg"]}
        for fault in faults
    )
    detail = "; ".join(f"{fault['field']}: {fault['detail']}" for fault in listed[:5])
    return problem("invalid-request", 422, f"{detail}.", errors=listed)


def of_http(request: Request, error: HTTPException) -> Problem:
    """What the framework refuses by status alone."""
    code = CODES.get(error.status_code, "bad-request")
    details = {
        "not-found": f"There is nothing at {request.url.path}: see /v1/openapi.json for what is.",
        "method-not-allowed": f"{request.url.path} does not take {request.method}.",
    }
    return problem(code, error.status_code, details.get(code, f"{error.detail}."))


def _methods_of(app: FastAPI, path: str) -> set[str]:
    """What an address takes: the framework names but its first route's methods."""
    return {
        method
        for route in iter_route_contexts(app.routes)
        if route.methods and route.path_regex.match(path)
        for method in route.methods
    }


def _headers(error: EarshotError) -> dict[str, str]:
    if error.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="Earshot"'}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}
