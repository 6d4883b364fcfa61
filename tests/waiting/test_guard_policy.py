"""What a guard does after each look, without an event loop."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten._status import PromotionPhase
from aiobaseten._waiting.guard import GuardMemory
from aiobaseten._waiting.guard_policy import Answer, Ends, GuardPolicy, Measure, Signal
from aiobaseten.events import Event, GuardActed, GuardOverridden, HoldExtended
from aiobaseten.guard import Guard, Verdict, error_rate

UP, PAUSED = PromotionPhase.RUNNING, PromotionPhase.PAUSED
DOWN, OVER = PromotionPhase.ROLLING_BACK, PromotionPhase.SUCCEEDED
HOLD = 630  # with the defaults: 60 s of warmup, 300 s of window, 180 s of lag, and 90 s to spare

PASS = (Verdict("pass", check="error_rate"),)
BREACH = (Verdict("breach", check="error_rate", reason="8 % is above 2 %"),)
SILENCE = (Verdict("unavailable", check="error_rate", reason="no data"),)


class Story:
    """A policy and what it was told."""

    def __init__(self, **settings: Any) -> None:
        self.policy = GuardPolicy(Guard(error_rate(at_most=0.02), **settings), HOLD)
        self.events: list[Event] = []
        self.at = 0.0

    def look(
        self, at: float, phase: PromotionPhase | None = UP, percent: int = 25, *, live: bool = False
    ) -> Any:
        """What the policy wants after a look."""
        self.at = at
        self.events += self.policy.observe(phase, percent, at, is_live=live)
        return self.policy.decide(at)

    def begin(self, at: float = 100, percent: int = 25) -> None:
        """The look before a step shows less, and this one the step."""
        before = 0 if percent == 25 else percent - 25
        self.look(at - 5, UP, before)
        self.look(at, UP, percent)

    def measure(self, at: float, verdicts: tuple[Verdict, ...], **seen: Any) -> Any:
        """A look at which the step is measured; returns what the policy wants then."""
        errand = self.look(at, **seen)
        assert isinstance(errand, Measure), errand
        self.events += self.policy.measured(errand, verdicts, at)
        return self.policy.decide(at)

    def signal(self, at: float, action: str, *, answer: Answer = "sent", **seen: Any) -> None:
        """A look at which a signal is sent."""
        errand = self.look(at, **seen)
        assert errand == Signal(action)  # type: ignore[arg-type]
        self.events += self.policy.signalled(errand, at, answer)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_nothing_is_measured_before_there_is_traffic() -> None:
    story = Story()

    assert story.look(0, UP, 0) is None
    assert story.look(3000, UP, 0) is None


def test_a_window_lies_within_the_step_and_ends_a_lag_before_now() -> None:
    story = Story()
    story.begin(at=100)

    assert story.look(639) is None  # 100 s, and a warmup, a window and a lag
    errand = story.look(645)

    assert errand == Measure(percent=25, start=165, end=465, is_alone=False)


def test_without_a_lag_a_window_still_ends_before_what_a_late_look_may_hide() -> None:
    story = Story(lag=0, warmup=0, window=60)
    story.begin(at=100)

    errand = story.look(160)

    assert (errand.start, errand.end) == (102, 150)  # dates of the server are whole seconds


def test_after_too_few_requests_the_window_grows_to_the_whole_step() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    errand = story.look(705, PAUSED)

    assert (errand.start, errand.end) == (160, 525)


def test_a_deployment_is_measured_once_in_a_minute() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)

    assert not isinstance(story.look(699), Measure)
    assert isinstance(story.look(701, PAUSED), Measure)


def test_a_step_that_has_passed_is_left_alone_until_the_next_window() -> None:
    story = Story()
    story.begin(at=100)

    assert story.measure(640, PASS) is None
    assert story.look(720) is None
    assert isinstance(story.look(940), Measure)


def test_a_step_that_has_not_passed_is_paused_before_baseten_goes_on() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)

    story.signal(695, "pause")  # it began at 95 s at the earliest

    assert [event.until for event in story.of(HoldExtended)] == [701]
    assert story.look(697) is None


def test_a_pause_of_ours_ends_after_a_pass() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(698, PAUSED)
    story.measure(705, PASS, phase=PAUSED)

    story.signal(706, "resume", phase=PAUSED)

    assert story.look(708, PAUSED) is None  # the server may lag behind
    assert story.look(712, UP) is None
    assert story.policy.report.actions == ("pause", "resume")
    assert story.policy.report.overridden == ()


def test_a_resume_that_was_lost_is_sent_again_once_looks_have_shown_that() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.measure(705, PASS, phase=PAUSED)
    story.signal(706, "resume", phase=PAUSED)

    assert story.look(775, PAUSED) is None  # it may be from before the resume
    assert story.look(776, PAUSED) == Signal("resume")


def test_a_resume_that_the_audit_log_could_not_vouch_for_is_tried_again_after_a_while() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.measure(705, PASS, phase=PAUSED)
    story.signal(706, "resume", answer="no log", phase=PAUSED)

    assert story.look(720, PAUSED) is None
    assert story.look(721, PAUSED) == Signal("resume")


def test_traffic_has_the_time_of_a_hold_and_of_a_step_to_come_back() -> None:
    assert GuardMemory(Guard(error_rate(at_most=0.02)), hold=100).cancel_timeout == 1000


def test_a_pause_of_somebody_else_is_never_ended() -> None:
    story = Story()
    story.begin(at=100)
    story.look(300, PAUSED)
    story.measure(640, PASS, phase=PAUSED)

    assert story.look(700, PAUSED) is None
    assert [event.by for event in story.of(GuardOverridden)] == ["pause"]


def test_a_pause_after_our_resume_is_somebody_elses() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.measure(705, PASS, phase=PAUSED)
    story.signal(706, "resume", phase=PAUSED)
    story.look(710, UP)
    assert story.look(779, PAUSED) is None
    assert story.of(GuardOverridden) == []  # it may be ours, from a server that lags behind

    assert story.look(780, PAUSED) is None
    assert [event.by for event in story.of(GuardOverridden)] == ["pause"]


def test_a_step_that_somebody_has_resumed_is_not_paused_again() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(698, PAUSED)
    for at in (700, 715, 730, 745, 767):  # all servers may lag behind
        story.look(at, UP)
    assert story.of(GuardOverridden) == []

    story.look(768, UP)

    assert [event.by for event in story.of(GuardOverridden)] == ["resume"]
    assert story.look(770) is None
    assert story.look(800, UP, 50) is None  # a new step is guarded as ever
    assert story.look(1385, UP, 50) == Signal("pause")


def test_a_resume_of_somebody_else_after_a_minute_of_pause_is_told_by_two_looks() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.measure(705, SILENCE, phase=PAUSED)

    story.look(765, UP)
    assert story.of(GuardOverridden) == []
    story.look(775, UP)

    assert [event.by for event in story.of(GuardOverridden)] == ["resume"]


def test_the_pause_of_the_step_before_is_not_taken_for_that_of_this_step() -> None:
    story = Story()
    story.policy.hold = 0  # each step is paused at once
    story.begin(at=100)
    story.signal(101, "pause")
    story.measure(640, PASS, phase=PAUSED)
    story.signal(641, "resume", phase=PAUSED)
    story.signal(650, "pause", percent=50)

    story.look(655, PAUSED, 25)
    for at in (660, 675, 740):
        story.look(at, UP, 50)
    story.look(750, PAUSED, 50)

    assert story.of(GuardOverridden) == []


def test_late_looks_do_not_end_a_pause_of_somebody_else() -> None:
    story = Story()
    story.begin(at=100)
    for at in range(300, 360, 5):
        story.look(at, UP if at % 20 else PAUSED)

    assert [event.by for event in story.of(GuardOverridden)] == ["pause"]


@pytest.mark.parametrize("before", ["held", "left"])
def test_late_looks_do_not_end_a_pause_that_an_earlier_process_has_made(before: Any) -> None:
    story = Story()
    story.policy.pause_before = before
    story.begin(at=10)  # as it was before the pause

    story.look(20, PAUSED)

    assert story.of(GuardOverridden) == []
    assert story.policy.pause_before == before


def test_a_late_look_does_not_make_a_pause_somebody_elses() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(698, PAUSED)
    story.look(699, UP)
    story.measure(703, PASS, phase=PAUSED)

    assert story.look(704, PAUSED) == Signal("resume")
    assert story.of(GuardOverridden) == []


def test_a_pause_may_come_one_step_late_and_is_still_ours() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(705, UP, 50)
    story.look(900, PAUSED, 50)

    assert story.of(GuardOverridden) == []
    story.measure(1245, PASS, phase=PAUSED, percent=50)
    assert story.look(1246, PAUSED, 50) == Signal("resume")


def test_a_pause_that_baseten_did_not_make_is_not_expected_a_step_late() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause", answer="refused")
    story.look(705, UP, 50)
    story.look(900, PAUSED, 50)

    assert [event.by for event in story.of(GuardOverridden)] == ["pause"]


def test_a_pause_that_never_came_is_asked_for_again_at_the_next_step() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(705, UP, 50)
    story.measure(1245, SILENCE, percent=50)

    assert story.look(1285, UP, 50) == Signal("pause")


def test_a_signal_that_was_refused_is_sent_again_a_little_later() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause", answer="not sent")

    assert story.look(696) is None
    assert story.look(710) == Signal("pause")


def test_a_step_whose_beginning_was_not_seen_is_paused_at_once() -> None:
    story = Story()

    assert story.look(0) == Signal("pause")


def test_after_a_step_that_was_not_held_each_one_is_paused_at_once() -> None:
    story = Story()
    story.begin(at=100)

    assert story.look(400, UP, 25) is None
    assert story.look(405, UP, 50) == Signal("pause")


def test_a_step_that_ends_while_nobody_could_look_leaves_the_hold_as_it_is() -> None:
    story = Story()
    story.begin(at=100)

    story.look(800, UP, 50)

    assert story.policy.hold == HOLD


def test_with_hold_pause_each_step_is_paused_at_once() -> None:
    story = Story(hold="pause")
    story.look(95, UP, 0)

    story.signal(100, "pause")

    story.measure(640, PASS, phase=PAUSED)
    assert story.look(641, PAUSED) == Signal("resume")


@pytest.mark.parametrize("how", ["cancel", "force_cancel"])
def test_a_breach_ends_the_promotion(how: Any) -> None:
    story = Story(on_breach=how)
    story.begin(at=100)

    ends = story.measure(640, BREACH)

    why = "error_rate: 8 % is above 2 %"
    assert ends == Ends(cause="breach", how=how, why=why, percent=25, seen_at=640)


def test_breaches_count_until_a_pass() -> None:
    story = Story(breaches=2)
    story.begin(at=100)

    assert story.measure(640, BREACH) is None
    story.signal(695, "pause")
    assert story.measure(702, PASS, phase=PAUSED) == Signal("resume")
    assert story.measure(1010, BREACH, phase=UP) is None
    assert story.measure(1075, SILENCE) is None
    assert isinstance(story.measure(1140, BREACH), Ends)


def test_breaches_count_from_step_to_step_until_a_pass() -> None:
    story = Story(breaches=2)
    story.begin(at=100)
    story.measure(640, BREACH)
    story.begin(at=800, percent=50)  # it could not be paused

    assert isinstance(story.measure(1345, BREACH, percent=50), Ends)


def test_a_breach_with_the_policy_pause_stops_where_it_is() -> None:
    story = Story(on_breach="pause")
    story.begin(at=100)
    story.measure(640, BREACH)
    story.signal(641, "pause")

    assert story.look(645) is None
    ends = story.look(650, PAUSED)

    assert (ends.how, ends.is_paused, ends.percent) == (None, True, 25)
    assert [event.policy for event in story.of(GuardActed)] == ["pause"]


def test_a_step_that_could_not_be_stopped_is_followed_by_a_new_measurement() -> None:
    story = Story(on_breach="pause")
    story.begin(at=100)
    story.measure(640, BREACH)
    story.signal(641, "pause")

    assert story.look(650, UP, 50) is None
    assert story.measure(1190, PASS, percent=50) is None


def test_a_breach_that_could_not_be_stopped_before_it_was_live_is_no_success() -> None:
    story = Story(on_breach="pause")
    story.begin(at=100, percent=75)
    story.measure(640, BREACH, percent=75)
    story.signal(641, "pause", percent=75)

    ends = story.look(650, OVER, 100, live=True)

    assert (ends.cause, ends.how, ends.is_live) == ("breach", None, True)


def test_silence_acts_after_as_many_measurements_as_the_guard_says() -> None:
    story = Story(unavailable=3)
    story.begin(at=100)

    assert story.measure(640, SILENCE) is None
    story.signal(695, "pause")
    assert story.measure(701, SILENCE, phase=PAUSED) is None
    ends = story.measure(762, SILENCE, phase=PAUSED)

    assert (ends.cause, ends.how, ends.is_paused) == ("unavailable", None, True)


def test_proceed_takes_silence_for_a_pass_and_says_so_each_time() -> None:
    story = Story(unavailable=1, on_unavailable="proceed")
    story.begin(at=100)

    assert story.measure(640, SILENCE) is None
    assert story.measure(940, SILENCE) is None
    assert [event.policy for event in story.of(GuardActed)] == ["proceed", "proceed"]
    story.look(950, UP, 50)
    story.measure(1490, SILENCE, percent=50)
    story.look(1500, OVER, 100, live=True)
    assert story.policy.is_satisfied


def test_a_dry_run_never_pauses_and_never_ends_the_promotion() -> None:
    story = Story(on_breach="report", unavailable=1)
    story.begin(at=100)

    assert story.measure(640, BREACH) is None
    assert story.measure(705, SILENCE) is None
    assert [event.policy for event in story.of(GuardActed)] == ["report"]
    assert story.policy.report.steps[0].outcome == "unavailable"


def test_a_promotion_whose_last_step_has_passed_is_good_once_it_is_live() -> None:
    story = Story()
    story.begin(at=100, percent=75)
    story.measure(640, PASS, percent=75)

    assert story.look(700, OVER, 100, live=True) is None
    assert story.policy.is_satisfied


def test_a_last_step_that_is_held_is_measured_before_it_is_live() -> None:
    story = Story()
    story.begin(at=100, percent=75)
    story.measure(640, PASS, percent=75)
    story.look(735, UP, 100)

    ends = story.measure(1280, BREACH, phase=UP, percent=100)

    assert (ends.how, ends.is_live, ends.percent) == ("cancel", False, 100)


def test_a_breach_in_the_last_step_is_not_forgotten_once_it_is_live() -> None:
    story = Story(breaches=2)
    story.begin(at=100, percent=75)
    story.measure(640, PASS, percent=75)
    story.look(735, UP, 100)
    story.measure(1280, BREACH, phase=UP, percent=100)
    story.look(1300, OVER, 100, live=True)

    assert not story.policy.is_satisfied
    assert isinstance(story.measure(1345, BREACH, phase=OVER, percent=100, live=True), Ends)


def test_a_last_step_with_nothing_to_compare_with_is_not_measured_before_it_is_live() -> None:
    story = Story()
    story.policy = GuardPolicy(Guard(error_rate(worse_by_at_most=0.2)), HOLD)
    story.begin(at=100, percent=75)
    story.measure(640, PASS, percent=75)
    story.look(735, UP, 100)

    assert story.look(1280, UP, 100) is None


@pytest.mark.parametrize("seen", [(), (25,), (25, 50)])
def test_a_promotion_that_went_live_unmeasured_is_measured_then(seen: tuple[int, ...]) -> None:
    story = Story()
    story.look(0, UP, 0)
    for number, percent in enumerate(seen):
        story.look(10 + number, UP, percent)
    story.look(20, OVER, 100, live=True)
    assert not story.policy.is_satisfied

    ends = story.measure(560, BREACH, phase=None, percent=0, live=True)

    assert (ends.how, ends.is_live, ends.percent) == ("cancel", True, 100)


def test_the_bake_goes_on_measuring_at_all_traffic() -> None:
    story = Story(bake=1000)
    story.begin(at=100, percent=75)
    story.measure(640, PASS, percent=75)
    story.look(700, OVER, 100, live=True)
    assert not story.policy.is_satisfied

    story.measure(1240, PASS, phase=OVER, percent=100, live=True)
    assert not story.policy.is_satisfied
    story.measure(1540, PASS, phase=OVER, percent=100, live=True)
    assert not story.policy.is_satisfied
    assert story.look(1700, OVER, 100, live=True) is None
    assert story.policy.is_satisfied


def test_a_promotion_that_somebody_rolled_forward_is_not_taken_back() -> None:
    story = Story()
    story.begin(at=100)
    story.measure(640, SILENCE)
    story.signal(695, "pause")
    story.look(698, PAUSED)
    story.look(750, OVER, 100, live=True)

    ends = story.measure(1290, BREACH, phase=OVER, percent=100, live=True)

    assert (ends.cause, ends.how, ends.is_overruled) == ("breach", None, True)
    assert [event.by for event in story.of(GuardOverridden)] == ["roll forward"]


def test_a_cancel_of_somebody_else_is_left_alone() -> None:
    story = Story()
    story.begin(at=100)

    assert story.look(640, DOWN, 25) is None
    assert story.look(700, DOWN, 0) is None
    assert [event.by for event in story.of(GuardOverridden)] == ["cancel"]


def test_a_lower_percentage_is_a_step_once_two_looks_have_shown_it() -> None:
    story = Story()
    story.begin(at=100, percent=50)

    assert story.look(101, UP, 25) is None
    assert story.look(105, UP, 50) is None
    assert story.look(150, UP, 25) is None
    story.look(169, UP, 25)  # it may be the step before, from a server that lags behind
    assert [step.percent for step in story.policy.report.steps] == [25, 50]
    story.look(170, UP, 25)

    assert [step.percent for step in story.policy.report.steps] == [25, 50, 25]
