"""What a workflow leaves running at its end: nothing that its exit would wait for."""

import threading

from finetune_report.runtime.ending import end_timers


def test_no_timer_is_waited_for() -> None:
    fired: list[bool] = []
    timer = threading.Timer(60, fired.append, [True])
    timer.start()
    end_timers()
    timer.join(5)
    assert not timer.is_alive()
    assert fired == []
