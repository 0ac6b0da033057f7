"""Which settings are compared: all with the named ones and the selected one, and no two points of a sweep."""

from compare_settings import asked_pairs


def test_each_setting_is_compared_with_the_central_ones_alone_and_once() -> None:
    settings = ["baseline", "other", "try-001", "try-002", "try-003"]
    assert asked_pairs(settings, {"baseline", "try-002"}) == [
        ("baseline", "other"),
        ("baseline", "try-001"),
        ("baseline", "try-002"),
        ("baseline", "try-003"),
        ("other", "try-002"),
        ("try-001", "try-002"),
        ("try-002", "try-003"),
    ]


def test_settings_that_are_all_named_are_compared_each_with_each() -> None:
    assert asked_pairs(["a", "c", "b"], {"a", "b", "c"}) == [("a", "c"), ("a", "b"), ("c", "b")]
