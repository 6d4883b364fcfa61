"""The demo shows what it says."""

from __future__ import annotations

import pytest

import demo


@pytest.mark.looptime
async def test_the_last_act_takes_a_bad_deployment_back_at_a_quarter_of_the_traffic(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fake = demo.furnished()
    production = fake.model("ranker").environment("production")
    async with fake.client() as baseten:
        await demo.guard_model(baseten, "ranker", "m3", "production")

    assert production.promotion is not None
    assert max(state.percent for state in production.promotion.history) == 25
    assert production.current is fake.model("ranker").deployment("m1")
    assert "error_rate: breach" in capsys.readouterr().out
    assert [one for one in caplog.messages if "replica" in one] == []
