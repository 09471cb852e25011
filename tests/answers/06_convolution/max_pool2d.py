"""Answers to `max_pool2d`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: four loops, the largest value so far
def max_pool2d(x, size, stride=None):
    if stride is None:
        stride = size
    H, W = x.shape
    rows, columns = (H - size) // stride + 1, (W - size) // stride + 1
    out = np.zeros((rows, columns), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            largest = x[i * stride, j * stride]
            for u in range(size):
                for v in range(size):
                    if x[i * stride + u, j * stride + v] > largest:
                        largest = x[i * stride + u, j * stride + v]
            out[i, j] = largest
    return out


# %% right: all windows at once, then every stride-th
def max_pool2d(x, size, stride=None):
    step = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size))
    return np.max(windows[::step, ::step], axis=(-2, -1))


# %% right: rows first, then columns
def max_pool2d(x, size, stride=None):
    step = size if stride is None else stride

    def along_rows(a):
        starts = range(0, a.shape[0] - size + 1, step)
        return np.array([a[start : start + size].max(axis=0) for start in starts])

    return along_rows(along_rows(x).T).T


# %% right: the larger of shifted copies
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    rows, columns = x.shape[0] - size + 1, x.shape[1] - size + 1
    shifted = [x[u : u + rows : s, v : v + columns : s] for u in range(size) for v in range(size)]
    return np.maximum.reduce(shifted)


# %% right: starts at minus infinity
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.full(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), -np.inf, dtype=x.dtype)
    for u in range(size):
        for v in range(size):
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i, j] = max(out[i, j], x[s * i + u, s * j + v])
    return out


# %% right: Python's max over lists
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    rows = x.tolist()
    pooled = []
    for top in range(0, len(rows) - size + 1, s):
        pooled.append([])
        for left in range(0, len(rows[0]) - size + 1, s):
            pooled[-1].append(max(max(row[left : left + size]) for row in rows[top : top + size]))
    return np.array(pooled, dtype=x.dtype)


# %% wrong: the maximum starts at 0
# fails: max_pool2d-values max_pool2d-stride
# says: does your maximum start at 0?
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), dtype=x.dtype)
    for i, j in np.ndindex(out.shape):
        for u in range(size):
            for v in range(size):
                out[i, j] = max(out[i, j], x[s * i + u, s * j + v])
    return out


# %% wrong: the mean of each window
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: you take the mean of each window
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), dtype=x.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.mean(x[s * i : s * i + size, s * j : s * j + size])
    return out


# %% wrong: the last corner of each window
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: you take the last corner of each window
def max_pool2d(x, size, stride=None):
    step = size if stride is None else stride
    return x[size - 1 :: step, size - 1 :: step]


# %% wrong: the first corner of each window
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: you take the first corner of each window
def max_pool2d(x, size, stride=None):
    step = size if stride is None else stride
    H, W = x.shape
    return x[0 : H - size + 1 : step, 0 : W - size + 1 : step]


# %% wrong: the largest in absolute value
# fails: max_pool2d-values max_pool2d-stride
# says: not the one farthest from 0
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), dtype=x.dtype)
    for i, j in np.ndindex(out.shape):
        window = x[s * i : s * i + size, s * j : s * j + size].ravel()
        out[i, j] = window[np.argmax(np.abs(window))]
    return out


# %% wrong: windows side by side, whatever the stride
# fails: max_pool2d-stride
# says: the stride is not used
def max_pool2d(x, size, stride=None):
    rows, columns = x.shape[0] // size, x.shape[1] // size
    blocks = x[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return blocks.max(axis=(1, 3))


# %% wrong: the remainder gets a window of its own
# fails: max_pool2d-stride
# says: One too many: does the window run over the edge?
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    H, W = x.shape
    out = []
    for top in range(0, H, s):
        out.append([np.max(x[top : top + size, left : left + size]) for left in range(0, W, s)])
    return np.array(out, dtype=x.dtype)


# %% wrong: a window as large as the stride
# fails: max_pool2d-stride
# says: your window is as large as the stride
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), dtype=x.dtype)
    for i, j in np.ndindex(out.shape):
        out[i, j] = x[s * i : s * i + s, s * j : s * j + s].max()
    return out


# %% wrong: two by two numbers, whatever the size
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: yours is 2 x 2
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), dtype=x.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            a, b = s * i, s * j
            out[i, j] = max(x[a, b], x[a, b + 1], x[a + 1, b], x[a + 1, b + 1])
    return out


# %% wrong: prints the answer and returns nothing
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: Is the `return` missing?
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size))
    print(windows[::s, ::s].max(axis=(2, 3)))


# %% wrong: a new array without a dtype makes float64 out of float32
# fails: max_pool2d-values
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.zeros(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.max(x[s * i : s * i + size, s * j : s * j + size])
    return out


# %% wrong: an array of integers for the result
# fails: max_pool2d-values max_pool2d-stride feature_pipeline-values feature_pipeline-linear
# says: cut to whole numbers
def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    out = np.full(((x.shape[0] - size) // s + 1, (x.shape[1] - size) // s + 1), 0)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.max(x[s * i : s * i + size, s * j : s * j + size])
    return out
