"""A figure's line says what it is held to, and ONLY picks figures by their name."""

import pytest

from bench.figures import AT_LEAST, GOALS, RATIOS, Figure, asked, below, due, of


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        (Figure("create.warm.sqlite.8", 1.08), "create.warm.sqlite.8 1.08x goal 1.10x ok"),
        (Figure("create.warm.sqlite.8", 1.104), "create.warm.sqlite.8 1.10x goal 1.10x ok"),
        (Figure("create.warm.sqlite.8", 1.106), "create.warm.sqlite.8 1.11x goal 1.10x short"),
        (Figure("create.warm.sample.8", 9.0), "create.warm.sample.8 9.00x no goal"),
        (Figure("create.warm.floor.8", 84.71, "ms"), "create.warm.floor.8 84.7ms no goal"),
        (Figure("sync.calls", 4.9567, ""), "sync.calls 4.96 goal 5 ok"),
        (Figure("sync.calls", 5.01, ""), "sync.calls 5.01 goal 5 short"),
        (Figure("sync.store.dirty.writes", 0, ""), "sync.store.dirty.writes 0 goal 0 ok"),
        (Figure("sync.story.lost", 1, ""), "sync.story.lost 1 goal 0 short"),
        (Figure("sync.story.sample.lost", 3, ""), "sync.story.sample.lost 3 no goal"),
        (Figure("sync.notify", 0.5), "sync.notify 0.50x goal 0.50x ok"),
        (Figure("sync.notify", 0.49), "sync.notify 0.49x goal 0.50x short"),
    ],
)
def test_a_line_says_value_goal_and_verdict(figure: Figure, line: str) -> None:
    assert figure.line() == line
    assert figure.short == line.endswith("short")


def test_all_figures_are_measured_unless_some_are_asked_for() -> None:
    assert asked("") == list(GOALS)


def test_a_name_stands_for_itself_and_for_all_below_it() -> None:
    assert asked("create.cpu.sqlite") == ["create.cpu.sqlite"]
    assert asked("create.warm.sqlite") == ["create.warm.sqlite.1", "create.warm.sqlite.8", "create.warm.sqlite.64"]


@pytest.mark.parametrize("wrong", ["create.war", "creates", "create.warm.sqlite.2", "."])
def test_an_unknown_name_is_refused_with_the_names_there_are(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"create\.warm\.sqlite\.1"):
        asked(wrong)


def test_what_has_a_goal_is_measured_in_every_round_and_the_rest_in_some() -> None:
    assert [due("create.warm.sqlite.1", number) for number in range(4)] == [True, True, True, True]
    assert [due("create.warm.sample.1", number) for number in range(4)] == [True, False, False, True]


def test_each_kind_of_figure_finds_its_own() -> None:
    kinds = ["warm", "cpu", "cold", "memory"]
    assert sum(len(of(RATIOS, kind)) for kind in kinds) == len(below(RATIOS, "create"))
    assert below(GOALS, "sync.calls") == [name for name in GOALS if name.startswith("sync.calls")]
    assert of(["create.cold.health.sqlite", "create.cpu.sqlite"], "cold") == [["health", "sqlite"]]


def test_what_must_reach_its_goal_has_one() -> None:
    assert all(GOALS[name] is not None for name in AT_LEAST)
