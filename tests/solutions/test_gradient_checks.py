import numpy as np
import pytest

import solutions as s
from solutions import Parameter
from solutions.gradients import RelativeError, check_gradient, check_layer, numerical_gradient


class Layer:
    """A linear layer followed by ReLU, with errors to order."""

    def __init__(self, features_in, features_out, wrong="", dtype=np.float64):
        rng = np.random.default_rng(0)
        self.weight = Parameter(rng.normal(size=(features_out, features_in)).astype(dtype), name="weight")
        self.bias = Parameter(rng.normal(size=features_out).astype(dtype), name="bias")
        self.wrong = wrong

    def parameters(self):
        return [self.weight, self.bias]

    def forward(self, x):
        self.x = x
        self.z = s.linear(x, self.weight.value, self.bias.value)
        return s.relu(self.z)

    def backward(self, grad_output):
        grad_z = s.relu_backward(grad_output, self.z)
        grad_x, grad_weight, grad_bias = s.linear_backward(grad_z, self.x, self.weight.value)
        if self.wrong == "one entry":
            grad_weight[1, 2] *= 2
        if self.wrong == "bias averaged":
            grad_bias /= len(self.x)
        if self.wrong == "x negated":
            grad_x = -grad_x
        if self.wrong == "nan":
            grad_x = np.full_like(grad_x, np.nan)
        self.weight.grad += grad_weight
        self.bias.grad += grad_bias
        return grad_x[:-1] if self.wrong == "shape" else grad_x


class Noisy(Layer):
    def forward(self, x):
        return s.dropout(super().forward(x), rng=None)[0]


class WithState(Layer):
    """Counts its forward passes in its state, as batch normalisation does."""

    count = np.zeros(1)

    def forward(self, x):
        self.count = self.count + 1
        return super().forward(x)

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=(5, 4))


def test_numbers_of_deck_003():
    np.testing.assert_allclose(numerical_gradient(lambda v: v[0] * v[1], np.array([4.0, -3.0])), [-3, 4], rtol=1e-9)
    circuit = numerical_gradient(lambda v: (v[0] + v[1]) * v[2], np.array([-2.0, 5.0, -4.0]))
    np.testing.assert_allclose(circuit, [-4, -4, 3], rtol=1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-2)])
def test_numerical_gradient_keeps_shape_dtype_and_input(dtype, tolerance):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(dtype)
    before = x.copy()
    gradient = numerical_gradient(lambda v: np.sin(v).sum(), x)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, np.cos(x), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(x, before)


def test_numerical_gradient_takes_eps_and_survives_a_function_that_writes_to_its_argument():
    def square_in_place(v):
        v *= v
        return v.sum()

    np.testing.assert_allclose(numerical_gradient(square_in_place, np.array([1.0, 3.0]), 0.5), [2, 6])
    np.testing.assert_allclose(numerical_gradient(lambda v: v[0] ** 3, np.array([0.0]), eps=0.5), [0.25])
    assert numerical_gradient(lambda v: 0.0, np.zeros((0, 3))).shape == (0, 3)


def test_large_entries_are_measured_with_larger_steps():
    for far in (1e12, -3e7):
        np.testing.assert_allclose(numerical_gradient(lambda v: (v**2).sum(), np.array([far])), [2 * far], rtol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda v: v.sum(), np.array([1e5], np.float32)), 1, rtol=1e-2)
    x = np.array([1e12, 2e-3])
    assert check_gradient(lambda v: (v**2).sum(), lambda v: 2 * v, x) < 1e-6
    assert check_gradient(lambda v: (v**2).sum(), lambda v: -7 * v, x) > 0.5
    with pytest.raises(ValueError, match=r"eps must be larger for x\[1\] = 1e\+12, got 1e-06"):
        numerical_gradient(lambda v: v.sum(), np.array([1.0, 1e12]), eps=1e-6)


def test_a_right_gradient_has_a_tiny_error():
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert check_gradient(lambda v: np.exp(v).sum(), np.exp, x) < 1e-8
    assert check_gradient(lambda v: 3.0, np.zeros_like, x) < 1e-6
    weights = np.random.default_rng(1).normal(size=(3, 4))
    for name in ("sigmoid", "softmax", "swish"):
        f, df = getattr(s, name), getattr(s, f"{name}_backward")
        assert check_gradient(lambda v, f=f: (f(v) * weights).sum(), lambda v, df=df: df(weights, v), x) < 1e-6


@pytest.mark.parametrize(
    ("df", "error"),
    [(lambda v: 4 * v, 1 / 3), (lambda v: -2 * v, 1), (np.zeros_like, 1), (lambda v: 2 * v + 1e-3, 1e-5)],
)
def test_a_wrong_gradient_has_a_large_one(df, error):
    assert check_gradient(lambda v: (v * v).sum(), df, np.array([1.0, -2.0, 3.0])) > 0.99 * error


def test_one_wrong_entry_of_many_is_found_even_where_it_is_not_sampled():
    x = np.random.default_rng(0).normal(size=2000)

    def df(v):
        gradient = np.cos(v)
        gradient[1234] += 0.5
        return gradient

    assert check_gradient(lambda v: np.sin(v).sum(), df, x, samples=1) > 1e-4


def test_the_report_names_entry_analytic_and_numeric():
    error = check_gradient(lambda v: (v**2).sum(), lambda v: v * [[2, 2], [2, 1]], np.array([[1.0, 2.0], [3.0, -3.0]]))
    assert error.report.splitlines()[0] == "x[1, 1]: analytic -3, numeric -6, relative error 0.33"
    assert "x along a random direction: analytic" in error.report
    assert repr(error).startswith("RelativeError(")
    assert "x[1, 1]" in repr(error)
    assert isinstance(error, float)
    assert RelativeError(0.5) == 0.5


def test_points_at_kinks_and_ties_are_drawn_again():
    weights = np.array([1.0, -2.0, 3.0, 4.0])
    at_kink = np.array([0.0, 1.0, -1.0, 0.0])
    error = check_gradient(
        lambda v: (s.relu(v) * weights).sum(), lambda v: s.relu_backward(weights, v), at_kink, samples=4
    )
    assert error < 1e-6
    tied = np.full((1, 1, 4), 2.0)
    weights = np.array([[[1.0, 3.0]]])
    error = check_gradient(
        lambda v: (s.max_pool1d(v, 2) * weights).sum(), lambda v: s.max_pool1d_backward(weights, v, 2), tied, samples=4
    )
    assert error < 1e-6


def test_a_function_that_is_nowhere_smooth_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="x lies at a kink or a jump, and so do 10 points drawn near it"):
        check_gradient(lambda v: rng.normal(), np.zeros_like, np.zeros(3))


def test_check_layer_accepts_what_is_right(x):
    assert check_layer(Layer(4, 3), x) < 1e-6
    assert check_layer(Layer(4, 3, dtype=np.float32), x.astype(np.float32)) < 1e-2


@pytest.mark.parametrize(
    ("wrong", "error", "name"),
    [("one entry", 0.3, "weight[1, 2]"), ("bias averaged", 0.6, "bias["), ("x negated", 0.99, "x[")],
)
def test_check_layer_finds_and_names_what_is_wrong(x, wrong, error, name):
    found = check_layer(Layer(4, 3, wrong), x, samples=12)
    assert found > error
    assert name in found.report.splitlines()[0]


def test_check_layer_finds_nan(x):
    assert not check_layer(Layer(4, 3, "nan"), x) < 1e-6


def test_check_layer_leaves_the_layer_as_it_was(x):
    layer = WithState(4, 3)
    layer.weight.grad += 5
    before = [p.value.copy() for p in layer.parameters()], x.copy()
    layer.count = np.array([7.0])
    assert check_layer(layer, x) < 1e-6
    for parameter, value in zip(layer.parameters(), before[0], strict=True):
        np.testing.assert_array_equal(parameter.value, value)
    assert (layer.weight.grad == 5).all()
    assert (layer.bias.grad == 0).all()
    assert layer.count == [7.0]
    np.testing.assert_array_equal(x, before[1])


def test_check_layer_leaves_out_the_gradient_of_integers():
    class Lookup(Layer):
        def forward(self, indices):
            self.indices = indices
            return self.weight.value[indices]

        def backward(self, grad_output):
            np.add.at(self.weight.grad, self.indices, grad_output)

    assert check_layer(Lookup(4, 3), np.array([0, 2, 2])) < 1e-6


def test_check_layer_takes_the_first_of_several_outputs(x):
    class WithExtra(Layer):
        def forward(self, x):
            return super().forward(x), "state"

    assert check_layer(WithExtra(4, 3), x) < 1e-6


def test_check_layer_refuses_noise_and_wrong_shapes(x):
    with pytest.raises(
        ValueError, match=r"layer must give one answer for one x, got two; .*call layer\.eval\(\) first"
    ):
        check_layer(Noisy(4, 50), x)
    with pytest.raises(ValueError, match=r"layer\.backward must return the shape of x, \(5, 4\), got \(4, 4\)"):
        check_layer(Layer(4, 3, "shape"), x)


def test_same_seed_same_error(x):
    layer = Layer(4, 3, "one entry")
    assert check_layer(layer, x, rng=3).report == check_layer(layer, x, rng=np.random.default_rng(3)).report
    assert check_layer(layer, x, rng=3).report != check_layer(layer, x, rng=4).report


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: numerical_gradient(3, np.ones(2)), "f must be a function of one array, got 3"),
        (lambda: check_gradient(None, np.cos, np.ones(2)), "f must be a function of one array, got None"),
        (lambda: check_gradient(np.sum, None, np.ones(2)), "df must be a function of one array, got None"),
        (lambda: check_layer(None, np.ones(2)), "layer must have forward, backward and parameters, got None"),
    ],
)
def test_what_is_no_function_and_no_layer_is_refused_by_name(call, message):
    with pytest.raises(TypeError, match=message):
        call()
