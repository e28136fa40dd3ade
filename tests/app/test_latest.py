"""The newest question is answered, also when the one before could not be."""

from threading import Event

from tttui.panes.latest import Latest

PATIENCE_S = 20.0


def test_questions_that_were_overtaken_are_not_answered() -> None:
    began, goes_on, told = Event(), Event(), Event()
    asked: list[int] = []

    def answer(question: int) -> int:
        asked.append(question)
        began.set()
        assert goes_on.wait(PATIENCE_S)
        return 10 * question

    def tell() -> None:
        if latest.newest == (4, 40):
            told.set()

    latest = Latest(answer, tell)
    latest.ask(1)
    assert began.wait(PATIENCE_S)
    for question in (2, 3, 4):
        latest.ask(question)
    goes_on.set()
    assert told.wait(PATIENCE_S)
    assert asked == [1, 4]


def test_a_question_that_cannot_be_answered_does_not_stand_in_the_way() -> None:
    told = Event()
    latest: Latest[int, float] = Latest(lambda question: 1 / question, told.set)
    latest.ask(0)
    assert told.wait(PATIENCE_S)
    assert (latest.newest, latest.failure) == (None, "ZeroDivisionError: division by zero")
    told.clear()
    latest.ask(2)
    assert told.wait(PATIENCE_S)
    assert (latest.newest, latest.failure) == ((2, 0.5), "")
