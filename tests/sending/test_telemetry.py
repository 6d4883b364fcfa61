"""OpenTelemetry sees our requests and waits, without a dependency of ours."""

from __future__ import annotations

import asyncio
import sys

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aiobaseten import Baseten
from aiobaseten.errors import WaitTimeoutError
from aiobaseten.testing import FakeBaseten


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Keeps the spans that are ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.mark.looptime
async def test_each_wait_is_a_span_below_its_callers_with_the_changes_as_events(
    fake: FakeBaseten, baseten: Baseten, spans: InMemorySpanExporter
) -> None:
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 60.0), "ACTIVE"])
    deployment = baseten.model("m1").deployment("d1")

    async def wait(name: str) -> None:
        with trace.get_tracer("test").start_as_current_span(name):
            await deployment.wait_until_active()

    await asyncio.gather(wait("a"), wait("b"))

    ended = spans.get_finished_spans()
    waits = [span for span in ended if span.name == "aiobaseten.wait"]
    callers = {span.context.span_id for span in ended if span.name in "ab" and span.context}
    assert {span.parent.span_id for span in waits if span.parent} == callers
    assert len(ended) == 4
    for span in waits:
        assert [(event.attributes or {}).get("aiobaseten.status") for event in span.events] == [
            "BUILDING",
            "ACTIVE",
        ]
        assert span.status.status_code is trace.StatusCode.UNSET


@pytest.mark.looptime
async def test_the_span_of_a_change_of_settings_names_the_environment(
    fake: FakeBaseten, baseten: Baseten, spans: InMemorySpanExporter
) -> None:
    fake.model("m1").environment("staging")
    await baseten.model("m1").environment("staging").update(autoscaling_settings={"min_replica": 1})

    (wait,) = (one for one in spans.get_finished_spans() if one.name == "aiobaseten.wait")
    assert dict(wait.attributes or {}) == {
        "aiobaseten.subject": "the change of the settings of staging of model m1"
    }


@pytest.mark.looptime
@pytest.mark.parametrize("streams", [True, False])
async def test_the_span_of_a_wait_that_fails_holds_its_error(
    fake: FakeBaseten, baseten: Baseten, spans: InMemorySpanExporter, streams: bool
) -> None:
    fake.model("m1").deployment("d1", status="BUILDING")
    deployment = baseten.model("m1").deployment("d1")

    async def watch() -> None:
        async for _ in deployment.events(timeout=5):
            pass

    wait = watch() if streams else deployment.wait_until_active(timeout=5)
    with pytest.raises(WaitTimeoutError):
        await wait

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert [event.name for event in span.events] == ["StatusChanged", "exception"]


@pytest.mark.looptime
async def test_the_span_of_a_wait_ends_when_its_caller_leaves(
    fake: FakeBaseten, baseten: Baseten, spans: InMemorySpanExporter
) -> None:
    fake.model("m1").deployment("d1", status="BUILDING")

    async with baseten.model("m1").deployment("d1").events() as events:
        await anext(events)

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.UNSET


@pytest.mark.looptime
async def test_a_wait_needs_no_opentelemetry(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")

    await baseten.model("m1").deployment("d1").wait_until_active()


async def test_each_request_is_a_span_below_the_callers(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.faults.status(503, times=1)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        async with (
            fake.serve() as url,
            Baseten(api_key="test-key", base_url=url) as baseten,
        ):
            with provider.get_tracer("test").start_as_current_span("deploy"):
                await baseten.model("m1").deployment("d1").get()
    finally:
        instrumentor.uninstrument()

    *requests, deploy = exporter.get_finished_spans()
    assert deploy.context is not None
    assert [span.parent and span.parent.span_id for span in requests] == [
        deploy.context.span_id
    ] * 2
    assert not [span for span in requests if "test-key" in span.to_json()]
