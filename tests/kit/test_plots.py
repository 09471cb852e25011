"""The pictures hold the data that they were given, say what they show, and refuse what they cannot show."""

import gc

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.animation import AbstractMovieWriter
from matplotlib.colors import to_rgba

from course.kit import plots

IMAGE = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]  # deck 000
CROSS = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
CONVOLVED = [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def picture(ax):
    (image,) = ax.images
    return np.ma.getdata(image.get_array())


def colours(ax):
    (image,) = ax.images
    return image.to_rgba(image.get_array())


def words(ax):
    """The texts in the cells, without spaces, and with a plain minus."""
    return ["".join(text.get_text().split()).replace("−", "-") for text in ax.texts if text.get_text()]


class Frames(AbstractMovieWriter):
    """Writes nothing; keeps the words of every panel in every frame."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def setup(self, fig, outfile, dpi=None):
        super().setup(fig, outfile, dpi)

    def grab_frame(self, **_):
        self.seen.append([words(ax) for ax in self.fig.axes])

    def finish(self):
        pass


def frames(animation):
    writer = Frames()
    animation.save("never written", writer=writer)
    return writer.seen


def test_an_image_grid_holds_images_of_any_size_in_order():
    rng = np.random.default_rng(0)
    images = [rng.random((4, 5)), rng.integers(0, 9, (3, 3)), rng.random((6, 2)) > 0.5]
    axes = plots.image_grid(images, titles=["first", "second", "third"], columns=2, title="Three")
    assert axes.shape == (3,)
    for ax, image in zip(axes, images, strict=True):
        np.testing.assert_array_equal(picture(ax), image)
    assert [ax.get_title() for ax in axes] == ["first", "second", "third"]
    assert axes[0].figure.get_suptitle() == "Three"
    assert [ax.get_subplotspec().colspan.start for ax in axes] == [0, 1, 0]


def test_filters_share_one_scale_with_white_at_zero():
    weights = np.array([[[1, 0], [-3, 2]], [[0, 0], [0, 1]], [[1, 1], [1, 1]]])
    axes = plots.filters(weights, titles=["a", "b", "c"], title="Mine")
    assert axes.shape == (3,)
    assert [ax.get_title() for ax in axes] == ["a", "b", "c"]
    for ax, filter_ in zip(axes, weights, strict=True):
        np.testing.assert_array_equal(picture(ax), filter_)
        assert ax.images[0].get_clim() == (-3, 3)
    assert colours(axes[0])[0, 1] == pytest.approx(1, abs=0.04), "zero is white"
    (bar,) = set(axes[0].figure.axes) - set(axes)
    assert bar.get_ylabel() == "weight"


def test_filters_with_channels_have_a_row_for_each_filter():
    weights = np.random.default_rng(1).standard_normal((2, 3, 4, 5))
    axes = plots.filters(weights)
    assert axes.shape == (2, 3)
    np.testing.assert_array_equal(picture(axes[1, 2]), weights[1, 2])


def test_filters_of_zeros_are_shown():
    (ax,) = plots.filters(np.zeros((1, 2, 2)))
    low, high = ax.images[0].get_clim()
    assert low == -high < 0


def test_a_loss_curve_marks_the_best_validation_epoch():
    ax = plots.loss_curve([3, 2, 1, 0.5], [3.5, 2.5, 2.25, 4], title="Digits")
    train, validation, best = ax.lines
    assert train.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1], [4, 0.5]]
    assert validation.get_xydata().tolist() == [[1, 3.5], [2, 2.5], [3, 2.25], [4, 4]]
    assert best.get_xydata().tolist() == [[3, 2.25]]
    assert train.get_linestyle() != validation.get_linestyle(), "told apart without colour"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["training", "validation", "best: 2.25 after epoch 3"]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("Digits", "epoch", "loss")


def test_a_loss_curve_without_validation_has_one_line():
    assert [line.get_ydata().tolist() for line in plots.loss_curve(np.array([2, 1])).lines] == [[2, 1]]


def test_toeplitz_gives_equal_weights_equal_colours_and_leaves_zeros_pale():
    matrix = np.array([[7, 8, 9, 0], [0, 7, 8, 9], [0, 0, 7, 8]])
    ax = plots.toeplitz(matrix, title="Shared")
    by_weight = {weight: {tuple(c) for c in colours(ax)[matrix == weight]} for weight in (0, 7, 8, 9)}
    assert {len(group) for group in by_weight.values()} == {1}
    assert len(set().union(*by_weight.values())) == 4
    assert by_weight[0] == {to_rgba(plots.PALE)}
    assert words(ax) == [str(weight) for weight in matrix.flat]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("Shared", "input j", "output i")


def test_a_large_toeplitz_matrix_has_no_numbers():
    assert words(plots.toeplitz(np.eye(40))) == []


def test_toeplitz_draws_into_axes_that_it_is_given():
    _, ax = plt.subplots()
    assert plots.toeplitz(np.eye(2), ax=ax) is ax


def test_the_window_fills_the_output_of_the_deck_step_by_step():
    seen = frames(plots.sliding_window(IMAGE, CROSS))
    flat = [str(value) for row in CONVOLVED for value in row]
    assert [panels[2] for panels in seen] == [flat[: step + 1] for step in range(9)]
    assert seen[0][0] == [str(value) for row in IMAGE for value in row]
    assert seen[5][1] == ["1·1", "1·0", "0·1", "1·0", "1·1", "1·0", "1·1", "1·0", "0·1"]


def test_the_window_slides_along_a_signal():
    seen = frames(plots.sliding_window([1, 1, 1, 0, 0], [1, 0, 1]))
    assert [panels[1:] for panels in seen] == [
        [["1·1", "1·0", "1·1"], ["2"]],
        [["1·1", "1·0", "0·1"], ["2", "1"]],
        [["1·1", "0·0", "0·1"], ["2", "1", "1"]],
    ]


def test_the_students_own_output_is_shown_even_when_it_is_wrong():
    seen = frames(plots.sliding_window([3, 1, 4], [1, 2], [7, -6.5]))
    assert [panels[2] for panels in seen] == [["7"], ["7", "-6.5"]]


def test_a_notebook_shows_the_animation_as_a_small_player_and_nothing_else():
    before = plt.get_fignums()
    html = plots.sliding_window(IMAGE, CROSS)._repr_html_()
    assert html.count("data:image/png;base64") == 9
    assert "<script" in html
    assert len(html) < 1_000_000
    assert plt.get_fignums() == before, "an open figure would be shown once more under the player"


def test_no_picture_closes_or_draws_into_the_users_figures():
    mine, ax = plt.subplots()
    plots.image_grid([np.eye(2)])
    plots.filters(np.ones((1, 2, 2)))
    plots.loss_curve([1, 2])
    plots.toeplitz(np.eye(2))
    plots.sliding_window([1, 2], [1])._repr_html_()
    assert plt.fignum_exists(mine.number)
    assert not ax.has_data()


def test_inputs_are_not_changed():
    x, kernel, output = np.array(IMAGE, float), np.array(CROSS, float), np.array(CONVOLVED, float)
    frames(plots.sliding_window(x, kernel, output))
    plots.toeplitz(x)
    plots.filters(x[np.newaxis])
    for array, kept in ((x, IMAGE), (kernel, CROSS), (output, CONVOLVED)):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: plots.image_grid([]), r"^images .*at least one"),
    (lambda: plots.image_grid([np.ones(3)]), r"^images .*\(3,\)"),
    (lambda: plots.image_grid([np.eye(2)], titles=["a", "b"]), r"^titles .*1 images.*got 2"),
    (lambda: plots.filters(np.eye(3)), r"^weights .*\(3, 3\)"),
    (lambda: plots.filters(np.ones((2, 3, 3)), titles=["a"]), r"^titles .*2 filters.*got 1"),
    (lambda: plots.loss_curve([[1, 2]]), r"^train .*\(1, 2\)"),
    (lambda: plots.loss_curve([]), r"^train .*\(0,\)"),
    (lambda: plots.loss_curve([1, 2], [1]), r"^validation .*2 epochs.*got 1"),
    (lambda: plots.toeplitz([1, 2]), r"^matrix .*\(2,\)"),
    (lambda: plots.toeplitz("ab"), r"^matrix .*str"),
    (lambda: plots.sliding_window(np.ones((2, 2, 2)), np.ones((1, 1, 1))), r"^x .*\(2, 2, 2\)"),
    (lambda: plots.sliding_window([1, 2, 3], [[1]]), r"^x and kernel .*\(3,\).*\(1, 1\)"),
    (lambda: plots.sliding_window([1, 2], [1, 2, 3]), r"^kernel .*\(2,\).*\(3,\)"),
    (lambda: plots.sliding_window(IMAGE, CROSS, IMAGE), r"^output .*\(3, 3\).*\(5, 5\)"),
    (lambda: plots.sliding_window([1, 2, 3], [1, 1], [1, 2, 3]), r"^output .*\(2,\).*\(3,\)"),
])  # fmt: skip
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_refused_loss_curve_leaves_no_empty_figure_behind():
    with pytest.raises(ValueError, match="validation"):
        plots.loss_curve([1, 2], [1])
    assert plt.get_fignums() == []


def test_a_loss_curve_that_diverged_has_no_best_epoch():
    ax = plots.loss_curve([1, np.nan], [np.nan, np.nan])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]


def test_a_single_epoch_is_a_dot():
    assert plots.loss_curve([1]).lines[0].get_marker() == "."


def test_many_filters_stand_in_rows():
    axes = plots.filters(np.random.default_rng(2).standard_normal((10, 3, 3)))
    assert axes.shape == (10,)
    assert axes[9].get_subplotspec().rowspan.start == 1


def test_the_player_needs_no_network():
    html = plots.sliding_window([1, 2], [1])._repr_html_()
    assert "http" not in html
    assert "fa-" not in html
    assert "▶" in html


def test_a_wrong_output_is_not_called_the_sum_of_the_products():
    animation = plots.sliding_window([3, 1, 4], [1, 2], [7, 6])
    animation.draw(0)
    assert [ax.get_title() for ax in animation.axes] == [
        "input, window at 0", "input · kernel, sum 5", "your output[0] = 7"
    ]  # fmt: skip
    animation = plots.sliding_window([3, 1, 4], [1, 2])
    animation.draw(1)
    assert animation.axes[2].get_title() == "output[1] = 9"


def test_an_output_of_nan_is_shown_as_nan():
    assert frames(plots.sliding_window([3, 1, 4], [1, 2], [np.nan, 6]))[1][2] == ["nan", "6"]


def test_a_large_image_is_a_film_of_limited_length_that_ends_at_the_last_place():
    animation = plots.sliding_window(np.ones((28, 28)), np.ones((5, 5)))
    assert len(list(animation.new_frame_seq())) == plots.FRAMES
    animation.draw(plots.FRAMES - 1)
    assert animation.axes[2].get_title() == "output[23, 23] = 25"


def test_an_animation_that_nobody_looks_at_does_not_warn(recwarn):
    plots.sliding_window([1, 2], [1])
    gc.collect()  # the film and its callbacks hold one another
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(("call", "words"), [
    (lambda: plots.image_grid([np.eye(2)], columns=0), r"^columns .*got 0"),
    (lambda: plots.image_grid(5), r"^images .*int"),
    (lambda: plots.filters("ab"), r"^weights .*str"),
    (lambda: plots.toeplitz(np.ones((2, 2), complex)), r"^matrix .*real"),
    (lambda: plots.sliding_window("ab", [1]), r"^x .*str"),
    (lambda: plots.sliding_window([1, 2], [1], ["a", "b"]), r"^output .*<U1"),
])  # fmt: skip
def test_inputs_that_are_no_numbers_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
