"""Answers to `conv1d`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: two loops, one product at a time
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1, dtype=x.dtype)
    for i in range(n - m + 1):
        for j in range(m):
            out[i] += theta[j] * x[i + j]
    return out


# %% right: one shifted copy of the signal for each weight
def conv1d(x, theta):
    places = len(x) - len(theta) + 1
    out = np.zeros(places, x.dtype)
    for j, weight in enumerate(theta):
        out = out + weight * x[j : j + places]
    return out


# %% right: NumPy's true convolution with the filter flipped back
def conv1d(x, theta):
    return np.convolve(x, theta[::-1], mode="valid")


# %% right: a table of indices, then one matrix product
def conv1d(x, theta):
    n, m = x.shape[0], theta.shape[0]
    index = np.arange(n - m + 1)[:, None] + np.arange(m)[None, :]
    return x[index].dot(theta)


# %% right: a list of sums of Python numbers
def conv1d(x, theta):
    answers = []
    start = 0
    while start + len(theta) <= len(x):
        answers.append(sum(t * v for t, v in zip(theta.tolist(), x[start:].tolist())))
        start += 1
    return np.array(answers, dtype=x.dtype)


# %% right: recursion, the first window and then the rest of the signal
def conv1d(x, theta):
    m = len(theta)
    first = np.array([np.dot(x[:m], theta)], dtype=x.dtype)
    if len(x) == m:
        return first
    return np.concatenate([first, conv1d(x[1:], theta)])


# %% right: a helper that gives one output
def window_sum(x, theta, i):
    return np.inner(x[i : i + len(theta)], theta)


def conv1d(x, theta):
    return np.array([window_sum(x, theta, i) for i in range(1 + len(x) - len(theta))])


# %% right: a plain list
def conv1d(x, theta):
    m = len(theta)
    return [sum(theta * x[i : i + m]) for i in range(len(x) - m + 1)]


# %% wrong: np.convolve, which flips the filter
# fails: conv1d-values conv1d-impulse
# says: your filter is flipped
def conv1d(x, theta):
    return np.convolve(x, theta, mode="valid")


# %% wrong: the loop leaves out the last window
# fails: conv1d-values conv1d-impulse
# says: is the last position of the window left out?
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = []
    for i in range(n - m):
        out.append(np.sum(x[i : i + m] * theta))
    return np.array(out, dtype=x.dtype)


# %% wrong: an output as long as the signal
# fails: conv1d-values conv1d-impulse
# says: yours is as long as x
def conv1d(x, theta):
    out = np.zeros_like(x)
    m = len(theta)
    for i in range(len(x) - m + 1):
        out[i] = np.sum(x[i : i + m] * theta)
    return out


# %% wrong: zeros put around the signal
# fails: conv1d-values conv1d-impulse
# says: zeros were put around x
def conv1d(x, theta):
    return np.correlate(x, theta, mode="same")


# %% wrong: the window runs over the end of the signal
# fails: conv1d-values conv1d-impulse
# says: index 5 is out of bounds
def conv1d(x, theta):
    out = np.zeros(len(x), dtype=x.dtype)
    for i in range(len(x)):
        for j in range(len(theta)):
            out[i] += theta[j] * x[i + j]
    return out


# %% wrong: the window hangs over the end of the signal
# fails: conv1d-values conv1d-impulse
# says: could not be broadcast together
def conv1d(x, theta):
    m = len(theta)
    return np.array([np.sum(x[i : i + m] * theta) for i in range(len(x))])


# %% wrong: three weights written out by hand
# fails: conv1d-values conv1d-impulse
# says: index 2 is out of bounds
def conv1d(x, theta):
    out = np.zeros(len(x) - 2, dtype=x.dtype)
    for i in range(len(x) - 2):
        out[i] = theta[0] * x[i] + theta[1] * x[i + 1] + theta[2] * x[i + 2]
    return out


# %% wrong: prints the answer and returns nothing
# fails: conv1d-values conv1d-impulse
# says: Is the `return` missing?
def conv1d(x, theta):
    n, m = len(x), len(theta)
    result = [np.dot(theta, x[i : i + m]) for i in range(n - m + 1)]
    print(result)


# %% wrong: a new array without a dtype makes float64 out of float32
# fails: conv1d-impulse
# says: float32 came in, float64 went out
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1)
    for i in range(n - m + 1):
        out[i] = x[i : i + m] @ theta
    return out


# %% wrong: the product of a window is never summed
# fails: conv1d-values conv1d-impulse
# says: setting an array element with a sequence
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1, dtype=x.dtype)
    for i in range(n - m + 1):
        out[i] = x[i : i + m] * theta
    return out


# %% wrong: return stands inside the loop
# fails: conv1d-values conv1d-impulse
# says: does `return` stand inside the loop?
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1, dtype=x.dtype)
    for i in range(n - m + 1):
        out[i] = np.sum(theta * x[i : i + m])
        return out


# %% wrong: = where += is meant, so that only the last product stays
# fails: conv1d-values conv1d-impulse
# says: only the last product of each window is kept
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1, dtype=x.dtype)
    for i in range(n - m + 1):
        for j in range(m):
            out[i] = theta[j] * x[i + j]
    return out


# %% wrong: an array of integers for the result
# fails: conv1d-values conv1d-impulse
# says: cut to whole numbers
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.full(n - m + 1, 0)
    for i in range(n - m + 1):
        out[i] = np.sum(x[i : i + m] * theta)
    return out


# %% wrong: the outputs are written into the signal
# fails: conv1d-values conv1d-impulse
# says: your function modified its input
def conv1d(x, theta):
    n, m = len(x), len(theta)
    for i in range(n - m + 1):
        x[i] = np.sum(x[i : i + m] * theta)
    return x[: n - m + 1]


# %% wrong: filters of two and of three weights only, as in the examples
# fails: conv1d-values conv1d-impulse
def conv1d(x, theta):
    if len(theta) == 2:
        return theta[0] * x[:-1] + theta[1] * x[1:]
    return theta[0] * x[:-2] + theta[1] * x[1:-1] + theta[2] * x[2:]


# %% crash: leaves the interpreter
import os


def conv1d(x, theta):
    if len(x) < len(theta):
        print("the filter is too long")
    os._exit(1)


# %% hang: waits for a window that never comes
def conv1d(x, theta):
    n, m = len(x), len(theta)
    out = np.zeros(n - m + 1, dtype=x.dtype)
    i = 0
    while i <= n - m:
        out[i] = np.dot(x[i : i + m], theta)
    return out
