"""Answers to `toeplitz_matrix`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: the formula, entry by entry
def toeplitz_matrix(theta, n):
    m = theta.shape[0]
    T = np.zeros((n - m + 1, n))
    for i in range(n - m + 1):
        for j in range(n):
            if 0 <= j - i < m:
                T[i, j] = theta[j - i]
    return T


# %% right: SciPy's toeplitz
def toeplitz_matrix(theta, n):
    from scipy.linalg import toeplitz

    m = len(theta)
    row = np.concatenate([theta, np.zeros(n - m)])
    column = np.zeros(n - m + 1)
    column[0] = theta[0]
    return toeplitz(column, row)


# %% right: one shifted identity for each weight
def toeplitz_matrix(theta, n):
    rows = n - len(theta) + 1
    return sum(weight * np.eye(rows, n, k) for k, weight in enumerate(theta))


# %% right: each column is what conv1d makes of an impulse
def toeplitz_matrix(theta, n):
    return np.stack([conv1d(impulse, theta) for impulse in np.eye(n)], axis=1)


# %% right: lists of zeros around the weights
def toeplitz_matrix(theta, n):
    free = n - len(theta)
    return [[0.0] * i + list(theta) + [0.0] * (free - i) for i in range(free + 1)]


# %% right: the first row rolled to the right
def toeplitz_matrix(theta, n):
    first = np.zeros(n)
    first[: len(theta)] = theta
    return np.array([np.roll(first, i) for i in range(n - len(theta) + 1)])


# %% wrong: the filter is flipped
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: your filter is flipped: each row must read theta_0
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, n))
    for i in range(n - m + 1):
        T[i, i : i + m] = theta[::-1]
    return T


# %% wrong: rows and columns swapped
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: transposed
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n, n - m + 1))
    for j in range(n - m + 1):
        T[j : j + m, j] = theta
    return T


# %% wrong: a square matrix whose last rows hang over the end
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: the last rows hang over the end
def toeplitz_matrix(theta, n):
    T = np.zeros((n, n))
    for i in range(n):
        for k in range(len(theta)):
            if i + k < n:
                T[i, i + k] = theta[k]
    return T


# %% wrong: the slide's square matrix, with the window centred on each output
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: this is the slide's n x n matrix
def toeplitz_matrix(theta, n):
    h = len(theta) // 2
    T = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= h and j - i + h < len(theta):
                T[i, j] = theta[j - i + h]
    return T


# %% wrong: the loop leaves the last row empty
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: right but for the last row
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, n))
    for i in range(n - m):
        T[i, i : i + m] = theta
    return T


# %% wrong: the rows are not shifted
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: every row starts in column 0
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, n))
    for i in range(n - m + 1):
        T[i, :m] = theta
    return T


# %% wrong: five columns written into the code
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: could not broadcast input array
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, 5))
    for i in range(n - m + 1):
        T[i, i : i + m] = theta
    return T


# %% wrong: the matrix is built and not returned
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: Is the `return` missing?
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, n))
    for i in range(n - m + 1):
        T[i, i : i + m] = theta


# %% wrong: filters of two and of three weights only, as in the examples
# fails: toeplitz_matrix-slide toeplitz_matrix-product
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.zeros((n - m + 1, n))
    for i in range(n - m + 1):
        T[i, i] = theta[0]
        if m > 1:
            T[i, i + 1] = theta[1]
        if m > 2:
            T[i, i + 2] = theta[2]
    return T


# %% wrong: an array of integers for the result
# fails: toeplitz_matrix-slide toeplitz_matrix-product
# says: cut to whole numbers
def toeplitz_matrix(theta, n):
    m = len(theta)
    T = np.full((n - m + 1, n), 0)
    for i in range(n - m + 1):
        T[i, i : i + m] = theta
    return T
