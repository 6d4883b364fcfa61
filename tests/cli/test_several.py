"""Several targets in one command: waves, failures, and going on in a second run."""

from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from attrs import frozen

from aiobaseten import Baseten
from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._outcomes import WORST_FIRST, Outcome
from aiobaseten.cli._run import Run
from aiobaseten.cli._token_file import Entry, TokenFile
from aiobaseten.cli._views import choose_view
from aiobaseten.errors import ConfigurationError
from aiobaseten.options import LoopClock
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from .command import SOON, SPEED, TOKEN, Ended, Shell, ended, line_with
from .test_outcomes import DOCS
from .test_output import valid
from .test_sentences import CANCELLATION, MODEL


@frozen
class Desk:
    """Commands in this process, in virtual time."""

    fake: FakeBaseten
    client: Baseten
    output: pytest.CaptureFixture[str]

    async def run(self, *arguments: str) -> Ended:
        """Run a command until it ends."""
        command = parse(arguments)
        view = choose_view(command.output, LoopClock(), waits=command.waits)
        ending = await execute(Run(self.client, command, view))
        view.end(ending)
        out, err = self.output.readouterr()
        return Ended(ending.outcome.exit_status, out, err)


@pytest.fixture(name="empty_desk")
async def desk_with_nothing(
    fake: FakeBaseten,
    baseten: Baseten,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return Desk(fake, baseten, capsys)


@pytest.fixture(name="desk")
async def desk_with_rankers(empty_desk: Desk) -> Desk:
    """A desk with models m0 to m3, named ranker-0 to ranker-3, and chain c."""
    fake = empty_desk.fake
    for number in range(4):
        add_model(fake, number)
    chain = fake.chain("c", name="bot")
    chain.deployment("old")
    chain.deployment("new", on_promote=SOON)
    chain.environment("production", current="old", traffic_delay=0)
    return empty_desk


def add_model(
    fake: FakeBaseten, number: int, *, ramp: Sequence[tuple[int, float]] | None = None
) -> None:
    """Add a model with the deployments v1, which serves, v2, v3, stuck and broken."""
    model = fake.model(f"m{number}", name=f"ranker-{number}")
    for name in ("v1", "v2", "v3"):
        model.deployment(f"{name}-{number}", name=name, on_promote=SOON)
    model.deployment(f"bad-{number}", name="bad", on_promote=SOON)
    model.deployment(f"stuck-{number}", name="stuck", on_promote="DEPLOYING")
    model.deployment(f"broken-{number}", name="broken", on_promote=timelines.BUILD_FAILED)
    model.environment("production", current=f"v1-{number}", ramp=ramp)


def rankers(*deployments: str) -> list[str]:
    """Targets: one deployment of each model."""
    return [f"model:ranker-{number}@{name}" for number, name in enumerate(deployments)]


def promoted(fake: FakeBaseten) -> list[str]:
    """The models that were promoted, in the order of the requests."""
    paths = [one.path for one in fake.requests if one.path.endswith("/promote")]
    return [path.split("/")[3] for path in paths]


def serving(fake: FakeBaseten, count: int) -> list[str]:
    """The deployments that serve."""
    environments = [fake.model(f"m{i}").environment("production") for i in range(count)]
    return [str(one.current and one.current.id) for one in environments]


def states(ended: Ended) -> dict[str, str]:
    """The outcomes in the table, by the targets."""
    rows = re.findall(
        r"^((?:chain|model):\S+) +(.*?)  +\S+  +(?:-|[\d:]+(?: s)?)$", ended.out, re.MULTILINE
    )
    return dict(rows)


TO_PRODUCTION = ("--to", "production", "--wait")
# Short steps, so that fewer looks are needed.
SHORT = ("--window=20", "--lag=5", "--warmup=0")


async def release_twenty_models(
    fake: FakeBaseten,
    run: Callable[..., Awaitable[Ended]],
    folder: Path,
    *guard: str,
) -> None:
    """A release in waves of five: one is bad, which ends it; after the fix it goes on."""
    for number in range(20):
        add_model(fake, number, ramp=[(50, 1)])
        fake.model(f"m{number}").environment("production").receives(requests_per_second=100)
    fake.model("m7").deployment("bad-7").answers(error_share=0.5)
    lines = [f"model:ranker-{number}@{'bad' if number == 7 else 'v2'}" for number in range(20)]
    targets = folder / "targets"
    targets.write_text("\n".join(["# the release of Thursday", "", *lines]))
    release = (
        *("promote", "--targets", str(targets), *TO_PRODUCTION, "--wave", "5", *guard),
        *("--between", "5s", "--token-file", str(folder / "tokens.json"), "--quiet"),
    )

    stopped = await run(*release)

    assert stopped.status == 16
    assert [*states(stopped).values()].count("not begun") == 10
    assert states(stopped)[lines[7]] == "breached"
    assert serving(fake, 20) == [
        f"{'v2' if number < 10 and number != 7 else 'v1'}-{number}" for number in range(20)
    ]
    promotion = fake.model("m7").environment("production").promotion
    assert promotion is not None
    assert (promotion.status, promotion.percent) == ("CANCELED", 0)

    sent = sum(one.method == "POST" for one in fake.requests)
    again = await run(*release)

    assert again.status == 16
    assert states(again) == states(stopped)
    assert "taken back by its guard before; nothing was sent" in again.err
    assert sum(one.method == "POST" for one in fake.requests) == sent

    targets.write_text("\n".join(lines).replace("ranker-7@bad", "ranker-7@v3"))
    finished = await run(*release)

    assert (finished.status, finished.err) == (0, "")
    assert {*states(finished).values()} == {"done"}
    assert serving(fake, 20) == [
        f"{'v3' if number == 7 else 'v2'}-{number}" for number in range(20)
    ]
    order = promoted(fake)
    assert sorted(order) == sorted([*(f"m{number}" for number in range(20)), "m7"])
    assert {*order[10:15]} == {"m7", "m10", "m11", "m12", "m13"}


@pytest.mark.looptime
async def test_twenty_models_in_waves_stop_at_the_first_bad_one_and_go_on_after_the_fix(
    empty_desk: Desk, tmp_path: Path
) -> None:
    await release_twenty_models(
        empty_desk.fake, empty_desk.run, tmp_path, "--max-error-rate=2%", *SHORT
    )


@pytest.mark.thorough
async def test_twenty_models_from_a_shell(tmp_path: Path) -> None:
    fake = FakeBaseten(speed=SPEED, behaviour=Behaviour(roll_back="at once"))
    check = 'test "$AIOBASETEN_DEPLOYMENT_ID" != bad-7'

    async with fake.serve() as url:

        async def run(*words: str) -> Ended:
            async with Shell(fake, url).running(*words) as process:
                out, err = await process.communicate(b"")
                return Ended(process.returncode or 0, out.decode(), err.decode())

        await release_twenty_models(
            fake, run, tmp_path, "--check", check, "--check-timeout=40", *SHORT
        )


@pytest.mark.looptime
async def test_a_wave_begins_after_the_one_before_serves_and_after_the_time_between(
    desk: Desk,
) -> None:
    waves = ("--wave", "2", "--between", "20s")

    ended = valid(
        await desk.run("promote", *rankers(*["v2"] * 4), *TO_PRODUCTION, *waves, "--json")
    )

    assert ended.status == 0
    posts = [one for one in desk.fake.requests if one.path.endswith("/promote")]
    assert {one.path.split("/")[3] for one in posts[:2]} == {"m0", "m1"}
    assert posts[2].at - posts[1].at >= 20
    targets = [one for one in ended.records if one["type"] == "target"]
    assert [one["outcome"] for one in targets] == ["done"] * 4
    events = [one for one in ended.records if one["type"] in ("began", "event")]
    assert {one["target"] for one in events} == {*rankers(*["v2"] * 4)}


@pytest.mark.looptime
async def test_without_waves_one_failure_leaves_the_other_waits_alone(desk: Desk) -> None:
    chain = "chain:bot@id:new"

    ended = await desk.run("promote", *rankers("v2", "broken"), chain, *TO_PRODUCTION)

    assert ended.status == 10
    assert states(ended) == {
        "model:ranker-0@v2": "done",
        "model:ranker-1@broken": "failed",
        chain: "done",
    }
    assert "aiobaseten: model:ranker-1@broken: " in ended.err


@pytest.mark.looptime
async def test_without_waves_all_targets_begin_at_once(desk: Desk) -> None:
    await desk.run("promote", *rankers("v2", "v2", "v2", "v2"), *TO_PRODUCTION)

    begun = [one.at for one in desk.fake.requests if one.path.endswith("/promote")]
    assert len(begun) == 4
    assert begun == pytest.approx([begun[0]] * 4, abs=1.0)


@pytest.mark.looptime
async def test_the_first_failure_ends_the_other_waits_on_request_and_their_tokens_go_on(
    desk: Desk,
) -> None:
    targets = rankers("stuck", "broken")

    stopped = await desk.run("promote", *targets, *TO_PRODUCTION, "--fail-fast")

    assert stopped.status == 10
    assert states(stopped) == {targets[0]: "goes on", targets[1]: "failed"}
    desk.fake.model("m0").deployment("stuck-0").set("ACTIVE")
    token = stopped.hinted("wait")
    assert (await desk.run("wait", token)).status == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_a_second_run_waits_for_what_has_begun_and_promotes_the_rest(
    tmp_path: Path, number: signal.Signals
) -> None:
    fake = FakeBaseten(speed=SPEED)
    for each in range(3):
        add_model(fake, each)
    targets = rankers("v2", "stuck", "v2")
    tokens = tmp_path / "tokens.json"
    release = ("promote", *targets, *TO_PRODUCTION, "--wave", "2", "--token-file", str(tokens))
    async with fake.serve() as url:
        shell = Shell(fake, url)
        async with shell.running(*release) as process:
            await line_with(f"{targets[0]} deployment v2-0 serves", process.stdout)
            process.send_signal(number)
            stopped = await ended(process)

        assert sorted(promoted(fake)) == ["m0", "m1"]
        if number is signal.SIGINT:
            assert stopped.status == 130
            assert states(stopped) == {targets[1]: "interrupted", targets[2]: "not begun"} | {
                targets[0]: "done"
            }
            assert TOKEN.fullmatch(stopped.hinted("cancel"))
        fake.model("m1").deployment("stuck-1").set("ACTIVE")

        finished = await shell.run(*release)

    assert finished.status == 0
    assert promoted(fake)[2:] == ["m2"]
    assert serving(fake, 3) == ["v2-0", "stuck-1", "v2-2"]


@pytest.mark.looptime
async def test_the_bad_one_of_three_targets_is_taken_back_and_the_others_stay(
    empty_desk: Desk,
) -> None:
    fake = empty_desk.fake
    for each in range(3):
        add_model(fake, each, ramp=[(50, 5)])
    targets = rankers("v2", "stuck", "v2")
    promote = ("promote", *targets, *TO_PRODUCTION, "--rollback-on-failure", "--timeout", "60s")

    ended = valid(await empty_desk.run(*promote, "--json"))

    assert (ended.status, ended.outcome["outcome"]) == (18, "rolled_back")
    outcomes = {one["target"]: one["outcome"] for one in ended.records if one["type"] == "target"}
    assert outcomes == dict(zip(targets, ["done", "rolled_back", "done"], strict=True))
    assert serving(fake, 3) == ["v2-0", "v1-1", "v2-2"]
    promotion = fake.model("m1").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "CANCELED"


@pytest.mark.looptime
async def test_wait_takes_the_token_file_of_promote_and_leaves_it_as_it_is(
    desk: Desk, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.json"
    file = ("--token-file", str(tokens))
    targets = rankers("v2", "broken", "stuck")
    await desk.run("promote", targets[0], *TO_PRODUCTION, *file)
    await desk.run("promote", *targets, "--to", "production", *file)
    before = tokens.read_bytes()

    waited = await desk.run("wait", *file, "--timeout", "2m")

    assert waited.status == 10
    assert re.findall(r"^model:(\S+) production +(.*?)  ", waited.out, re.MULTILINE) == [
        ("ranker-1@broken", "failed"),
        ("ranker-2@stuck", "timed out"),
    ]
    assert tokens.read_bytes() == before
    again = await desk.run("promote", *targets, *TO_PRODUCTION, *file, "--timeout", "1m")
    assert {*states(again).values()} == {"done", "failed", "timed out"}


@pytest.mark.looptime
async def test_a_wrong_name_is_noticed_before_anything_is_sent(desk: Desk) -> None:
    ended = await desk.run("promote", *rankers("v2", "v9", "v2"), *TO_PRODUCTION)

    assert ended.status == 4
    assert {one.method for one in desk.fake.requests} == {"GET"}
    assert [*states(ended).values()].count("not begun") == 2


@pytest.mark.looptime
async def test_two_words_for_the_same_model_are_refused(desk: Desk) -> None:
    ended = await desk.run("promote", "model:ranker-0@v2", "model:m0@v3", "--to", "production")

    assert ended.status == 2
    assert {one.method for one in desk.fake.requests} == {"GET"}


@pytest.mark.looptime
async def test_targets_come_from_standard_input_and_quiet_prints_their_tokens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(rankers("v2", "v2"))))

    begun = await desk.run("promote", "--targets", "-", "--to", "production", "--quiet")

    assert begun.status == 0
    pairs = [line.split() for line in begun.out.splitlines()]
    assert sorted(target for target, _ in pairs) == rankers("v2", "v2")
    waited = await desk.run("wait", *(token for _, token in pairs))
    assert waited.status == 0
    assert {*states(waited).values()} == {"done"}


@pytest.mark.looptime
async def test_a_wait_takes_deployments_and_tokens_together(desk: Desk) -> None:
    begun = await desk.run("promote", "model", "m0", "v2", "--to", "production", "--quiet")
    desk.fake.model("m1").deployment("v2-1").set("BUILD_FAILED")

    waited = valid(
        await desk.run("wait", begun.out.strip(), "model:ranker-1@v2", "chain:c@old", "--json")
    )

    assert (waited.status, waited.outcome["outcome"]) == (10, "failed")
    targets = {one["target"]: one for one in waited.records if one["type"] == "target"}
    assert {name: one["outcome"] for name, one in targets.items()} == {
        "model:m0@v2-0": "done",
        "model:ranker-1@v2": "failed",
        "chain:c@old": "done",
    }


@pytest.mark.looptime
@pytest.mark.parametrize(("then", "status"), [("nothing", 14), ("another promotion", 12)])
async def test_a_promotion_that_somebody_cancelled_or_replaced_is_not_begun_again(
    desk: Desk, tmp_path: Path, then: str, status: int
) -> None:
    """That may have been the guard of a ``wait TOKEN``, which knows no file."""
    release = ("promote", "model:ranker-0@v2", *TO_PRODUCTION, "--token-file", str(tmp_path / "t"))
    begun = await desk.run(*(one for one in release if one != "--wait"))
    assert begun.status == 0
    environment = desk.fake.model("m0").environment("production")
    environment.cancel()
    if then == "another promotion":
        environment.promote("v3-0")

    statuses = [(await desk.run(*release)).status for _ in range(3)]

    assert statuses == [status] * 3
    assert promoted(desk.fake) == ["m0"]


@pytest.mark.looptime
async def test_latest_stays_in_a_second_run_the_deployment_of_the_first(
    desk: Desk, tmp_path: Path
) -> None:
    model = desk.fake.model("m0")
    latest = model.deployment("newest", on_promote=SOON)
    tokens = ("--token-file", str(tmp_path / "tokens.json"))
    release = ("promote", "model:ranker-0@latest", *TO_PRODUCTION, *tokens)
    assert (await desk.run(*release)).status == 0
    model.deployment("newer still", on_promote=SOON)

    again = await desk.run(*release)

    assert again.status == 0
    assert promoted(desk.fake) == ["m0"]
    current = model.environment("production").current
    assert current is not None
    assert current.id == latest.id


@pytest.mark.looptime
async def test_a_token_file_that_is_in_use_ends_a_second_promote_before_it_sends_anything(
    desk: Desk, tmp_path: Path
) -> None:
    tokens = str(tmp_path / "tokens.json")

    with TokenFile(tokens).held():
        second = await desk.run("promote", *rankers("v2"), *TO_PRODUCTION, "--token-file", tokens)

    assert second.status == 2
    assert promoted(desk.fake) == []


@pytest.mark.looptime
@pytest.mark.parametrize("content", ["{}", "[]", '{"version": 2}', "abt1.x", None])
async def test_a_token_file_that_cannot_be_used_ends_with_2_and_sends_nothing(
    desk: Desk, tmp_path: Path, content: str | None
) -> None:
    tokens = tmp_path / "tokens.json" if content else tmp_path / "nowhere" / "tokens.json"
    if content is not None:
        tokens.write_text(content)

    ended = await desk.run("promote", *rankers("v2"), *TO_PRODUCTION, "--token-file", str(tokens))

    assert ended.status == 2
    assert promoted(desk.fake) == []
    assert content is None or tokens.read_text("utf-8") == content


def test_the_key_in_a_file_of_targets_is_neither_sent_nor_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "s3cret-and-long")
    targets = tmp_path / "targets"
    targets.write_text("model:s3cret-and-long@v2")

    # Nobody listens on port 9, so that a request would end with another exit status.
    status = main(["promote", "--targets", str(targets), "--to=e", "--base-url=http://127.0.0.1:9"])

    assert status == 2
    assert "s3cret" not in "".join(capsys.readouterr())


@pytest.mark.looptime
async def test_github_gets_one_summary_with_all_targets(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))

    ended = await desk.run("promote", *rankers("v2", "broken"), *TO_PRODUCTION)

    assert (tmp_path / "output").read_text("utf-8") == "outcome=failed\n"
    summary = (tmp_path / "summary").read_text("utf-8")
    assert summary.count("###") == 1
    row = r"^\| model:ranker-1@broken \| failed \| broken-1 \| \d+ \|$"
    assert re.search(row, summary, re.MULTILINE)
    assert ended.out.count("::error title=model%3Aranker-1@broken%3A failed::") == 1


# --- decisions -----------------------------------------------------------------------------------


def test_every_outcome_has_its_place_in_the_order_of_severity_and_the_page_lists_it() -> None:
    assert sorted(WORST_FIRST, key=lambda one: one.exit_status) == [*Outcome]

    page = re.search(r"worst first: ([^.]*)\.", DOCS.read_text("utf-8"))
    assert page is not None
    named = re.findall(r"\d+", page[1])
    shown = [one for one in WORST_FIRST if one is not Outcome.PIPE_CLOSED]
    assert named == [str(one.exit_status) for one in shown]


DONE, FAILED = Outcome.DONE.label, Outcome.FAILED.label


@pytest.mark.parametrize(
    ("word", "token", "outcome", "step"),
    [
        ("v2", MODEL, DONE, "leave"),
        ("v3", MODEL, DONE, "promote"),
        ("v2", MODEL, None, "wait"),
        ("v2", None, None, "promote"),
        ("v2", MODEL, FAILED, "promote"),
        ("v2", MODEL, Outcome.UNKNOWN.label, "promote"),
        ("v2", MODEL, Outcome.TIMED_OUT.label, "wait"),
        ("v2", CANCELLATION, Outcome.TIMED_OUT.label, "promote"),
        ("v2", MODEL, Outcome.CANCELLED.label, "end"),
        ("v3", MODEL, Outcome.CANCELLED.label, "promote"),
        ("v2", MODEL, Outcome.SUPERSEDED.label, "end"),
        ("v2", None, Outcome.UNAVAILABLE.label, "promote"),
        ("v2", MODEL, "a word of a newer version", "promote"),
    ],
)
def test_a_second_run_decides_for_each_target(
    word: str, token: str | None, outcome: str | None, step: str
) -> None:
    entry = Entry(word="v2", resource_id="m", deployment_id="d", token=token, outcome=outcome)

    assert entry.next_for(word) == step


def test_the_token_file_is_replaced_whole_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("")  # as mktemp leaves it
    file = TokenFile(str(path))
    entry = Entry(word="v2", resource_id="m", deployment_id="d", token=MODEL)
    before = path.stat().st_ino

    file.put("model:m production", entry)

    assert path.stat().st_ino != before
    assert TokenFile(str(path)).get("model:m production") == entry
    assert [one.name for one in tmp_path.iterdir()] == ["tokens.json"]


def test_a_token_file_with_a_damaged_token_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    TokenFile(str(path)).put("k", Entry(word="v2", resource_id="m", deployment_id="d"))
    content = json.loads(path.read_text("utf-8"))
    content["targets"]["k"]["token"] = f"{MODEL}x"
    path.write_text(json.dumps(content))

    with pytest.raises(ConfigurationError):
        TokenFile(str(path))
