"""The sentences of failed requests, whole: a situation, and what its error says.

No other test asserts these words. Distinctions that only a sentence makes are tested here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import httpcore
import httpx
import pytest

from aiobaseten import Baseten, ModelPromotion, RetryPolicy, Token
from aiobaseten._finding import not_found, one_named
from aiobaseten._operations import CHAIN
from aiobaseten._sending import Secret
from aiobaseten._sending.answers import Reply, judge
from aiobaseten.errors import (
    AmbiguousNameError,
    APIError,
    BasetenError,
    ConfigurationError,
    NotFoundError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    RequestNotActedOnError,
    ResponseShapeError,
    RollbackImpossibleError,
    TransportError,
)
from aiobaseten.schemas import Deployment, Model
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import Kind, production, promote, rolling, set_up
from .streams import Stream

REQUEST = "GET /v1/chains/c1/deployments/d1"
SOUND: dict[str, Any] = {"id": "d1", "chainlets": [], "status": "BUILDING"}


def judged(status: int, body: bytes, *, flaw: str | None = None, **headers: str) -> str:
    """The sentence of the error of a reply."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises((APIError, ResponseShapeError)) as caught:
        judge(
            CHAIN.get_deployment("c1", "d1"),
            "/v1/chains/c1/deployments/d1",
            Reply(status=status, headers=named, body=body, flaw=flaw),
            secret=Secret("Api-Key", "s3cret-key"),
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
    return str(caught.value)


# --- refusals: answers.py ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "rest"),
    [
        (400, b'{"code": "VALIDATION_ERROR", "message": "No."}', ", VALIDATION_ERROR: No."),
        (401, b'{"error": "Invalid API key."}', ", Invalid API key."),
        (403, b"<html>Blocked</html>", ", <html>Blocked</html>"),
        (404, b"<html>Not found</html>", ", <html>Not found</html>"),
        (
            403,
            b'{"code": "PERMISSION_DENIED", "message": "Authorization error"}',
            ", PERMISSION_DENIED: Authorization error; the API key is unknown, or lacks permission",
        ),
        (
            429,
            b'{"error": "Too many.", "retry_after": 37}',
            ", Too many.; it asks for a pause of 37 s",
        ),
        (500, b"", ""),
        (503, b'{"code": "BUSY"}', ", BUSY"),
    ],
)
def test_a_refusal(status: int, body: bytes, rest: str) -> None:
    assert judged(status, body) == f"{REQUEST}: HTTP {status}{rest}"


def test_a_refusal_with_a_request_id() -> None:
    assert judged(404, b'{"error": "Gone."}', x_request_id="req-7") == (
        f"{REQUEST}: HTTP 404, Gone. (request id req-7). 'c1' looks like a name, not like an id: "
        "baseten.find_chain('c1') finds the id"
    )


def test_a_refusal_whose_message_ends_with_a_period_and_has_advice() -> None:
    assert judged(404, b'{"error": "Gone."}').startswith(f"{REQUEST}: HTTP 404, Gone. 'c1' looks ")


@pytest.mark.looptime
async def test_a_base_url_that_ends_as_paths_begin(fake: FakeBaseten) -> None:
    fake.model("m1")
    for end, advice in (
        ("/v1", "The base URL ends with /v1: leave that out, because every path begins with /v1"),
        (
            "/v1/models",
            "The base URL ends with /v1/models: leave that out, because every path begins with /v1",
        ),
        ("", ""),
    ):
        async with fake.client(base_url=f"https://api.baseten.co{end}") as baseten:
            with pytest.raises(NotFoundError) as caught:
                await baseten.model("nosuch1").get()
        assert caught.value.advice == advice


@pytest.mark.parametrize(
    ("headers", "target"),
    [({"location": "https://elsewhere.example/"}, "https://elsewhere.example/"), ({}, "nowhere")],
)
def test_a_redirect(headers: dict[str, str], target: str) -> None:
    assert judged(307, b"", **headers) == (
        f"{REQUEST}: HTTP 307, redirected to {target}, not followed"
    )


# --- names: _finding.py --------------------------------------------------------------------------


def models(*named: tuple[str, str, str]) -> list[Model]:
    """Models from their ids, names and teams."""
    return [
        Model.from_dict(
            {"id": one, "name": name, "team_name": team, "created_at": "2026-01-02T12:30:00Z"}
        )
        for one, name, team in named
    ]


MODELS = models(
    ("aaaa1111", "ranker", "Search"), ("bbbb2222", "ranker", "Ads"), ("cccc3333", "Ranker", "Ads")
)


def ambiguous(kind: Any, listed: list[Any], *, team: str | None = None) -> str:
    """The sentence about a name that several have."""
    with pytest.raises(AmbiguousNameError) as caught:
        one_named(kind, "ranker", listed, team=team)
    return str(caught.value)


def test_a_name_in_two_teams() -> None:
    assert ambiguous("model", MODELS) == (
        "2 models are named 'ranker': aaaa1111 of team 'Search', created 2026-01-02 12:30 UTC; "
        "bbbb2222 of team 'Ads', created 2026-01-02 12:30 UTC. None was chosen: pass team=, or use "
        "the id, as in .model('aaaa1111')"
    )


def test_a_name_twice_in_one_team() -> None:
    twins = models(*((one, "ranker", "Ads") for one in ("aaaa1111", "bbbb2222")))

    assert ambiguous("model", twins, team="Ads").endswith(
        ". None was chosen: use the id, as in .model('aaaa1111')"
    )


def test_a_deployment_belongs_to_no_team() -> None:
    twins = [
        Deployment.from_dict({"id": one, "name": "ranker", "status": "ACTIVE"}) for one in "ab"
    ]

    assert ambiguous("deployment", twins) == (
        "2 deployments are named 'ranker': a; b. None was chosen: use the id, as in "
        ".deployment('a')"
    )


def test_a_long_list_of_candidates_is_cut() -> None:
    many = models(*((f"m{number:02}", "ranker", "") for number in range(12)))

    assert "m09, created 2026-01-02 12:30 UTC; and 2 more. None" in ambiguous("model", many)


@pytest.mark.parametrize(
    ("name", "team", "rest"),
    [
        ("zebra", None, ""),
        ("rankr", None, ". Similar names: 'ranker', 'Ranker'"),
        ("RANKER", "Ads", " in team 'Ads'. Similar names: 'ranker', 'Ranker'"),
        ("ranker", "Maps", " in team 'Maps'. Other teams have one: Ads, Search"),
        ("aaaa1111", None, ". It is the id of one: use .model('aaaa1111')"),
    ],
)
def test_a_name_that_nothing_has(name: str, team: str | None, rest: str) -> None:
    assert str(not_found("model", name, MODELS, team=team)) == f"no model is named {name!r}{rest}"


# --- successes that do not fit: answers.py -------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is empty"),
        (b"<html>", "it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"{}", "the field 'id' is missing"),
        (json.dumps({**SOUND, "id": None}).encode(), None),
    ],
)
def test_a_success_that_does_not_fit(body: bytes, reason: str | None) -> None:
    sentence = judged(200, body)

    beginning = f"{REQUEST}: HTTP 200 with an unexpected body: "
    if reason is None:  # the rest is the decoder's
        assert sentence.startswith(f"{beginning}it does not fit the spec (")
    else:
        assert sentence == f"{beginning}{reason}"


def test_a_success_whose_body_is_incomplete() -> None:
    assert judged(200, b"{", flaw="it is longer than 9 bytes", cf_ray="r1") == (
        f"{REQUEST}: HTTP 200 with an unexpected body: it is longer than 9 bytes (request id r1)"
    )


# --- no response: connections.py -----------------------------------------------------------------


async def over(
    respond: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]], **options: Any
) -> str:
    """The sentence of the error of a request over a transport."""
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http,
        Baseten(
            api_key="key", http_client=http, retry=RetryPolicy(attempts=1), **options
        ) as baseten,
    ):
        with pytest.raises(BasetenError) as caught:
            await baseten.chain("c1").deployment("d1").get()
    return str(caught.value)


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (httpx.ConnectError("refused"), "(ConnectError: refused); it did not reach Baseten"),
        (httpx.ConnectTimeout(""), "(ConnectTimeout); it did not reach Baseten"),
        (httpx.PoolTimeout(""), "(PoolTimeout); it did not reach Baseten"),
        (httpx.ReadError("reset"), "(ReadError: reset); it may have reached Baseten"),
        (httpx.ReadTimeout(""), "(ReadTimeout); it may have reached Baseten"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
async def test_a_request_without_a_response(error: httpx.RequestError, rest: str) -> None:
    async def fail(request: httpx.Request) -> httpx.Response:
        raise error from getattr(httpcore, type(error).__name__)()

    assert await over(fail) == f"{REQUEST}: no answer from api.baseten.co:443 {rest}"


async def test_a_request_that_a_stranger_has_ended() -> None:
    async def fail(request: httpx.Request) -> httpx.Response:
        raise LookupError("no such thing")

    assert await over(fail, base_url="http://[::1]:99") == (
        f"{REQUEST}: no answer from [::1]:99 (LookupError: no such thing); it may have reached "
        "Baseten"
    )


@pytest.mark.looptime
async def test_a_request_that_other_code_cancelled() -> None:
    async def cancel(request: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    assert await over(cancel) == (
        f"{REQUEST}: other code, or a hook of the HTTP client, has cancelled the task of the "
        "request; it may have reached Baseten"
    )


@pytest.mark.looptime
async def test_a_response_that_does_not_end() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(999)
        return httpx.Response(200)

    assert await over(hang, answer_timeout=7) == (
        f"{REQUEST}: the answer of api.baseten.co:443 was not complete after 7 s; it may have "
        "reached Baseten"
    )


@pytest.mark.parametrize(
    ("headers", "stream", "reason"),
    [
        ({}, Stream(*[b" " * (1 << 20)] * 33), "it is longer than 33554432 bytes"),
        ({"content-encoding": "gzip"}, Stream(b"not gzip"), "its encoding is broken ("),
    ],
    ids=["too long", "broken encoding"],
)
async def test_a_body_that_cannot_be_read(
    headers: dict[str, str], stream: Stream, reason: str
) -> None:
    async def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=stream)

    sentence = await over(respond)

    assert sentence.startswith(f"{REQUEST}: HTTP 200 with an unexpected body: {reason}")


async def test_a_body_that_a_hook_has_read() -> None:
    async def respond(request: httpx.Request) -> httpx.Response:
        response = httpx.Response(200, stream=Stream(b"{}"))
        async for _ in response.aiter_raw():
            pass
        return response

    assert await over(respond) == (
        f"{REQUEST}: HTTP 200 with an unexpected body: a hook of the HTTP client has read it, and "
        "kept nothing"
    )


# --- clients that cannot be used: connections.py, client.py --------------------------------------

CLOSED = "the client was closed; Baseten keeps working on what it was asked"


async def sentence_of(call: Awaitable[object]) -> str:
    kinds = ConfigurationError, PromotionInProgressError, RollbackImpossibleError
    with pytest.raises(kinds) as caught:
        await call
    return str(caught.value)


async def test_a_client_that_was_not_entered() -> None:
    call = Baseten(api_key="key").chain("c").deployment("d").get()

    assert await sentence_of(call) == "enter the client first: async with Baseten() as baseten"


async def test_a_client_that_was_entered_before() -> None:
    async with Baseten(api_key="key") as baseten:
        assert await sentence_of(baseten.__aenter__()) == (
            "this client was entered before; make a new one"
        )


async def test_a_client_that_was_closed() -> None:
    async with Baseten(api_key="key") as baseten:
        pass

    assert await sentence_of(baseten.chain("c").deployment("d").get()) == CLOSED


@pytest.mark.looptime
async def test_requests_and_waits_of_a_client_that_is_closed(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1", status="BUILDING")
    fake.faults.hang(times=None)
    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        calls = [
            asyncio.create_task(deployment.get()),
            asyncio.create_task(deployment.wait_until_active()),
        ]
        await asyncio.sleep(1)

    assert [await sentence_of(call) for call in calls] == [CLOSED, CLOSED]


async def test_a_client_of_another_event_loop() -> None:
    async with Baseten(api_key="key") as baseten:
        call = baseten.chain("c").deployment("d").get
        elsewhere = asyncio.to_thread(lambda: asyncio.run(sentence_of(call())))

        assert await elsewhere == "this client belongs to another event loop; make one per loop"


def test_a_client_of_another_library() -> None:
    """Its class may have the same name."""
    another: Any = type("AsyncClient", (), {"__module__": "httpx2"})()

    with pytest.raises(ConfigurationError) as caught:
        Baseten(api_key="key", http_client=another)

    assert str(caught.value) == "http_client must be an httpx.AsyncClient, not httpx2.AsyncClient"


async def test_a_client_whose_http_client_was_closed(fake: FakeBaseten) -> None:
    http = httpx.AsyncClient(transport=fake.transport())
    async with Baseten(api_key="test-key", http_client=http) as baseten:
        await http.aclose()

        assert await sentence_of(baseten.chain("c").deployment("d").get()) == (
            "http_client was closed before this client"
        )


async def test_a_client_that_was_made_with_options() -> None:
    async with Baseten(api_key="key") as baseten:
        view = baseten.with_options()

        assert await sentence_of(view.__aenter__()) == (
            "enter the client that this one was made from"
        )
        assert await sentence_of(view.aclose()) == "close the client that this one was made from"


# --- requests to promote: _promoting.py ----------------------------------------------------------


@pytest.mark.looptime
@pytest.mark.parametrize(("kind", "or_cancel"), [("model", ", or cancel it"), ("chain", "")])
async def test_an_environment_that_is_busy(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, or_cancel: str
) -> None:
    """Baseten cannot cancel the promotion of a chain."""
    set_up(fake, kind, timelines.HEALTHY).promote("new")

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, kind).promote("old")

    assert str(caught.value) == (
        f"a promotion of deployment new to production of {kind} owner is under way; yours has not "
        f'begun: wait for its end, for example with if_in_progress="wait"{or_cancel}; or leave it '
        'to Baseten to refuse, with "send"'
    )


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("kind", "is_copy", "or_cancel"),
    [("model", True, ", or cancel it"), ("model", False, ", or cancel it"), ("chain", False, "")],
)
async def test_an_environment_to_which_the_same_deployment_is_being_promoted(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, or_cancel: str, *, is_copy: bool
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY, redeploy_on_promotion=is_copy)
    environment.promote("new")
    assert environment.candidate is not None

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, kind).promote("new")

    assert str(caught.value) == (
        f"a promotion of deployment {environment.candidate.id} to production of {kind} owner is "
        'under way; yours has not begun: follow it with if_in_progress="adopt", or wait for its '
        f'end with "wait"{or_cancel}'
    )
    assert caught.value.may_be_adopted is True
    assert (environment.candidate.id == "new") is not is_copy


@pytest.mark.looptime
async def test_a_promotion_whose_response_was_lost(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model")
    fake.faults.reset(route="POST")

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, "model")

    cause = caught.value.__cause__
    assert isinstance(cause, TransportError)
    assert str(caught.value) == (
        f"the answer to promoting new to production of model owner was lost ({cause}), and the "
        "environment does not tell whether it began; it was not sent again: look before you do"
    )


@pytest.mark.looptime
async def test_a_promotion_that_closing_cuts_off(fake: FakeBaseten) -> None:
    set_up(fake, "model")
    fake.faults.hang(route="POST")

    async with fake.client() as baseten:
        call = asyncio.create_task(promote(baseten, "model"))
        await asyncio.sleep(1)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await call
    assert str(caught.value) == (
        "the answer to promoting new to production of model owner was lost (POST "
        "/v1/models/owner/environments/production/promote: the client was closed before the answer "
        "came; it may have reached Baseten), and the closed client cannot look whether it began; "
        "it was not sent again: look before you do"
    )


@pytest.mark.looptime
async def test_a_promotion_that_another_process_was_about_to_send(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    stored: list[str] = []

    async def die(token: str) -> None:
        stored.append(token)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await production(baseten, "model").promote("new", before_sending=die)
    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await baseten.resume(stored[0])

    assert str(caught.value) == (
        "promoting new to production of model owner was about to be asked for when word of it was "
        "lost, and the environment does not tell whether it began; it was not sent again: look "
        "before you do"
    )


@pytest.mark.looptime
async def test_a_promotion_whose_deployment_has_no_id(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model")
    fake.faults.garbage(b'{"id": null}', route="POST")

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, "model")

    assert isinstance(caught.value.__cause__, ResponseShapeError)


# --- rollbacks without a token: _promoting.py ----------------------------------------------------


NO_OTHER = "the list of deployments shows no other one in the environment"
KNOWN = "Nothing was sent; to roll back to a deployment that you know, promote it"


async def sentence_of_rollback(baseten: Baseten) -> str:
    return await sentence_of(baseten.model("owner").environment("production").rollback())


@pytest.mark.looptime
async def test_a_rollback_of_an_empty_environment(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("owner").environment("production")

    assert await sentence_of_rollback(baseten) == (
        "nothing serves in production of model owner, so there is nothing to roll back"
    )


@pytest.mark.looptime
async def test_a_rollback_of_the_first_deployment(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model")

    assert await sentence_of_rollback(baseten) == (
        "it is not known which deployment served in production of model owner before old: the "
        f"audit log shows no promotion before that of old, and {NO_OTHER}. {KNOWN}"
    )


@pytest.mark.looptime
async def test_a_rollback_to_a_deleted_deployment(fake: FakeBaseten, baseten: Baseten) -> None:
    environment = set_up(fake, "model")
    await (await promote(baseten, "model")).wait()
    fake.model("owner").deployment("other")
    environment.promote("other")
    await asyncio.sleep(60)
    fake.model("owner").deployment("new").delete()

    assert await sentence_of_rollback(baseten) == (
        "it is not known which deployment served in production of model owner before other: "
        f"deployment new, which was promoted before, does not exist any more. {KNOWN}"
    )


@pytest.mark.looptime
async def test_a_rollback_of_a_busy_environment(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", timelines.HEALTHY).promote("new")

    assert await sentence_of_rollback(baseten) == (
        "a promotion of deployment new to production of model owner is under way; nothing was "
        "sent: wait for its end before you roll back, or cancel it"
    )


@pytest.mark.looptime
async def test_an_environment_with_a_paused_promotion(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", timelines.HEALTHY).promote("new")
    environment = fake.model("owner").environment("production")
    handle = production(baseten, "model")
    ours = await baseten.resume(
        Token(
            kind="model promotion",
            resource_id="owner",
            environment_name="production",
            deployment_id="new",
            previous_id="old",
        ).dump()
    )
    assert isinstance(ours, ModelPromotion)

    fake.at(20, environment.pause)
    paused = "a promotion of deployment new to production of model owner is paused"
    assert await sentence_of(
        handle.promote("old", if_in_progress="wait", in_progress_timeout=200)
    ) == (
        f"{paused} after 200 s of waiting, and stays so; yours has not begun: "
        "resume it, or cancel it"
    )
    assert environment.promotion is not None
    assert environment.promotion.status == "PAUSED"
    assert await sentence_of(handle.promote("old")) == (
        f"{paused}, and stays so; yours has not begun: resume it, or cancel it"
    )
    for rollback in (handle.rollback(), ours.rollback()):
        assert await sentence_of(rollback) == (
            f"{paused}, and stays so; nothing was sent: cancel it, which gives its traffic back"
        )


@pytest.mark.looptime
async def test_a_rollback_without_any_trace() -> None:
    fake = FakeBaseten(behaviour=Behaviour(audit_log="missing"))
    set_up(fake, "model")
    async with fake.client() as baseten:
        sentence = await sentence_of_rollback(baseten)

    beginning, _, end = sentence.partition("(GET /v1/models/owner/audit_logs: HTTP 404, ")
    assert beginning == (
        "it is not known which deployment served in production of model owner before old: the "
        "audit log could not be read "
    )
    assert end.endswith(f"), and {NO_OTHER}. {KNOWN}")


# --- requests that were not acted on: errors.py --------------------------------------------------


@pytest.mark.looptime
async def test_a_signal_that_baseten_did_not_act_on() -> None:
    fake = FakeBaseten(behaviour=Behaviour(signals_succeed=False))
    async with fake.client() as baseten:
        promotion = await rolling(fake, baseten)

        with pytest.raises(RequestNotActedOnError) as caught:
            await promotion.pause()

    assert str(caught.value) == (
        "Baseten did not pause the promotion; it did not say why. The request changed nothing"
    )


@pytest.mark.looptime
async def test_a_retry_that_baseten_did_not_act_on(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("owner").deployment("d1", status="ACTIVE")

    with pytest.raises(RequestNotActedOnError) as caught:
        await baseten.model("owner").deployment("d1").retry()

    assert caught.value.reason.endswith(".")
    assert str(caught.value) == (
        f"Baseten did not retry: {caught.value.reason} The request changed nothing"
    )


def test_a_long_reason_is_cut_in_the_message() -> None:
    error = RequestNotActedOnError("retry", "x" * 501)

    assert error.reason == "x" * 501
    assert str(error) == f"Baseten did not retry: {500 * 'x'} …. The request changed nothing"
