"""How a clock stands at a moment."""

from datetime import datetime

from metrics_api.clocks.counting import micros, moment_of
from metrics_api.clocks.reading import Why, explained
from metrics_api.clocks.rules import Life
from metrics_api.clocks.standing import (
    Clock,
    ClockState,
    Reading,
    read_clock,
)
from tests.support.clocks import (
    at,
    life,
    minutes,
    promise,
    target,
)


class TestReading:
    def read(self, one: Life, now: datetime, allowed: int = 60) -> Reading:
        return read_clock(one, promise(resolution=target(allowed)), Clock.RESOLUTION, micros(now))

    def test_a_running_clock_says_what_is_left(self) -> None:
        one = life((at(0, "09:00"), "new"), opened=at(0, "09:00"))

        reading = self.read(one, at(0, "09:45"))

        assert (reading.state, minutes(reading.left_us)) == (ClockState.RUNNING, 15)
        assert reading.due_at == micros(at(0, "10:00"))

    def test_one_that_is_due_when_the_office_closes_runs_out_when_it_opens(self) -> None:
        one = life((at(4, "08:00"), "new"), opened=at(4, "08:00"))

        friday_night = self.read(one, at(4, "20:00"), allowed=480)
        monday = self.read(one, at(7, "09:01"), allowed=480)

        assert (friday_night.state, friday_night.left_us) == (ClockState.RUNNING, 0)
        assert (monday.state, monday.breached_at) == (ClockState.BREACHED, micros(at(4, "17:00")))

    def test_a_move_after_hours_that_stops_nothing_does_not_change_when_it_ran_out(self) -> None:
        begun = (at(4, "08:00"), "new"), (at(4, "18:30"), "in_progress")
        late = life(*begun, (at(7, "09:01"), "resolved"), opened=at(4, "08:00"))
        running = life(*begun, opened=at(4, "08:00"))

        assert self.read(late, at(7, "12:00"), allowed=480).breached_at == micros(at(4, "17:00"))
        assert self.read(running, at(4, "20:00"), allowed=480).due_at == micros(at(4, "17:00"))

    def test_a_paused_one_has_no_due_time(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "09:30"), "on_hold"), opened=at(0, "09:00"))

        reading = self.read(one, at(3, "09:00"))

        assert (reading.state, reading.due_at) == (ClockState.PAUSED, None)
        assert minutes(reading.elapsed_us) == 30

    def test_without_a_promise_it_says_why(self) -> None:
        one = life((at(0, "09:00"), "new"), opened=at(0, "09:00"))

        assert read_clock(one, None, Clock.RESPONSE, 0).reason == "nothing_promised"
        assert read_clock(one, promise(), Clock.RESPONSE, 0).reason == "no_target"
        unknown = promise(target(5, None))
        assert read_clock(one, unknown, Clock.RESPONSE, 0).reason == "calendar_not_known"

    def test_the_intervals_say_what_was_counted_and_why_not(self) -> None:
        one = life(
            (at(0, "08:00"), "new"),
            (at(0, "16:00"), "on_hold"),
            (at(1, "10:00"), "in_progress"),
            (at(1, "11:00"), "resolved"),
            (at(1, "12:00"), "in_progress"),
            opened=at(0, "08:00"),
        )

        pieces = list(explained(self.read(one, at(1, "13:00"))))

        assert [(moment_of(one.start).hour, one.why) for one in pieces] == [
            (8, Why.OUTSIDE_HOURS),
            (9, Why.COUNTED),
            (16, Why.ON_HOLD),
            (10, Why.COUNTED),
            (11, Why.RESOLVED),
            (12, Why.COUNTED),
        ]
