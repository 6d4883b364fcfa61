"""OpenTelemetry's instrumentation of httpx sees our requests, without a dependency of ours."""

from __future__ import annotations

from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten


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
