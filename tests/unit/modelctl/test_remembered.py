from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from modelctl.remembered import remembered


def test_each_question_is_asked_once_however_many_ask_at_the_same_time() -> None:
    asked: list[int] = []
    start, is_crowded = Barrier(8), Event()

    @remembered
    def square(number: int) -> int:
        asked.append(number)
        if len(asked) > 2:
            is_crowded.set()
        is_crowded.wait(timeout=0.2)  # all others would come in meanwhile
        return number * number

    def ask(number: int) -> int:
        start.wait(timeout=5)
        return square(number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, [2, 3] * 4)) == [4, 9] * 4
    assert sorted(asked) == [2, 3]
    square.cache_clear()
    assert square(2) == 4
    assert sorted(asked) == [2, 2, 3]
