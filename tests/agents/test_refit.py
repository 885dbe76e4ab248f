import threading
import time

from autoexp_agents.refit import Refit


def test_steps_aside_once_not_forever():
    refit, began = Refit(), time.monotonic()

    def work():
        for _ in range(100):
            refit.give_way()

    refit.stand_aside()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5.0)
    assert not thread.is_alive()
    assert time.monotonic() - began >= 0.1


def test_goes_on_at_once_when_told():
    refit, done = Refit(), threading.Event()
    refit.stand_aside()

    def work():
        refit.give_way()
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    refit.go_on()
    assert done.wait(5.0)
    thread.join()
